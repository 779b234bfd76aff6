import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidParamsError, rawQuery, readQuery } from "@lgtm-lab/contracts";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { Problem } from "@lgtm-lab/service-runtime";
import type { Handler } from "hono";
import { html } from "hono/html";
import type { Env } from "../env.ts";
import { link, page } from "./layout.ts";

const FOLDER = join(REPOSITORY, "docs/runbooks");
const SUFFIX = ".md";

/**
 * Returns the names of all pages in the folder, including README. Requests are compared with these names, so request text
 * never becomes a path.
 */
const names = (): string[] =>
  readdirSync(FOLDER).flatMap((file) => (file.endsWith(SUFFIX) ? [file.slice(0, -SUFFIX.length)] : []));

/** `GET /docs/runbooks`: the list of runbooks. */
export function runbookIndex(): Handler {
  return function runbooks(c) {
    const items = names()
      .filter((name) => name !== "README")
      .map((name) => html`<li><a href="/docs/runbooks/${name}">${name}</a></li>\n`);
    return c.html(page("Runbooks", html`<ul>\n${items}</ul>`));
  };
}

/**
 * `GET /docs/runbooks/<name>`: the Markdown text. Accepts `<name>.md` too, because runbooks link to each other that
 * way.
 */
export function runbookPage(): Handler {
  return function runbook(c) {
    const requested = c.req.param("name") ?? "";
    const name = names().find((each) => each === requested || each + SUFFIX === requested);
    if (!name)
      throw new Problem("not-found", `Unknown runbook "${requested}". /docs/runbooks lists all runbooks.`);
    const text = readFileSync(join(FOLDER, name + SUFFIX), "utf8");
    return c.html(page(`Runbook ${name}`, html`<pre>${text}</pre>`));
  };
}

const MAX_EXPRESSION_LENGTH = 8192;

/**
 * `GET /prometheus/graph?g0.expr=…`: an expression, such as that of an alert, and a link to its values. The generator
 * URLs of alerts point here, because Prometheus has no web UI when it is built from its Go module.
 */
export function expressionPage({ PROMETHEUS_URL, PROMETHEUS_PUBLIC_URL = PROMETHEUS_URL }: Env): Handler {
  return function expression(c) {
    const query = readQuery(rawQuery(c.req.url), { once: ["g0.expr"], others: "ignore" });
    const expr = query.get("g0.expr") ?? "";
    if (expr === "" || expr.length > MAX_EXPRESSION_LENGTH)
      throw new InvalidParamsError([
        { field: "g0.expr", value: expr, rule: `must have 1 to ${MAX_EXPRESSION_LENGTH} characters` },
      ]);
    const queryUrl = `${PROMETHEUS_PUBLIC_URL}/api/v1/query?${new URLSearchParams({ query: expr })}`;
    return c.html(
      page(
        "Expression",
        html`<pre>${expr}</pre>
<p>${link(queryUrl, "Current values")} from Prometheus (JSON). If this is the expression of an alert, its condition
holds while the result is not empty.</p>`,
      ),
    );
  };
}
