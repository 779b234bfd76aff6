import { html } from "hono/html";

/** HTML created by `html`, which escapes interpolated values. */
export type Html = ReturnType<typeof html>;

/** Renders a complete page. It loads no resources from other servers. */
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
<nav><a href="/">lgtm-lab</a> · <a href="/plain">without scripts</a> · <a href="/docs/runbooks">runbooks</a> · <a href="/api/alerts">alerts as JSON</a></nav>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
}

/** Renders a link, or only its text if the URL is not http(s), because labels and annotations are untrusted input. */
export function link(address: string | undefined, text: string): Html | string {
  return address && isHttp(address) ? html`<a href="${address}">${text}</a>` : text;
}

/** Renders a link, or nothing if the URL is missing or not http(s). */
export function linkIfAny(address: string | undefined, text: string): Html | string {
  return address && isHttp(address) ? link(address, text) : "";
}

const isHttp = (address: string): boolean => /^https?:\/\//.test(address);

/** The style sheet of these pages, served at `/style.css`. */
export const STYLE = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 1rem 0.25rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 0.9rem/1.5 ui-monospace, monospace; }
a:focus-visible { outline: 0.2rem solid; }
`;
