import { html } from "hono/html";

/** Text that may hold anything: `html` escapes what is put into it. */
export type Html = ReturnType<typeof html>;

/** A whole page. Everything in it comes from this server. */
export function page(title: string, content: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · lgtm-lab</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<nav><a href="/">lgtm-lab</a> · <a href="/plain">without a script</a> · <a href="/docs/runbooks">runbooks</a> · <a href="/api/alerts">alerts as JSON</a></nav>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
}

/** A link, or the mere text where the address is not one of the web: labels and annotations are whatever a sender writes. */
export function link(address: string | undefined, text: string): Html | string {
  return address && isOfTheWeb(address) ? html`<a href="${address}">${text}</a>` : text;
}

/** A link, or nothing where there is no address of the web. */
export function linkIfAny(address: string | undefined, text: string): Html | string {
  return address && isOfTheWeb(address) ? link(address, text) : "";
}

const isOfTheWeb = (address: string): boolean => /^https?:\/\//.test(address);
