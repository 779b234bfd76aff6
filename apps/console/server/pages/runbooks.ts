import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "@lgtm-lab/service-runtime";
import type { Handler } from "hono";
import { html } from "hono/html";
import { REPOSITORY } from "../env.ts";
import { page } from "./layout.ts";

const FOLDER = join(REPOSITORY, "docs/runbooks");
const SUFFIX = ".md";

/** The pages there are. A request names one of these or nothing: what it sends never becomes part of a path. */
const names = (): string[] =>
  readdirSync(FOLDER).flatMap((file) => (file.endsWith(SUFFIX) ? [file.slice(0, -SUFFIX.length)] : []));

/** `GET /docs/runbooks`: the list of them. */
export function runbookIndex(): Handler {
  return function runbooks(c) {
    const items = names()
      .filter((name) => name !== "README")
      .map((name) => html`<li><a href="/docs/runbooks/${name}">${name}</a></li>\n`);
    return c.html(page("Runbooks", html`<ul>\n${items}</ul>`));
  };
}

/** `GET /docs/runbooks/<name>` (or `<name>.md`, as the pages' own links say): the page's text as it is written. */
export function runbookPage(): Handler {
  return function runbook(c) {
    const asked = c.req.param("name") ?? "";
    const name = names().find((each) => each === asked || each + SUFFIX === asked);
    if (!name) throw new Problem("not-found", "There is no such runbook; /docs/runbooks lists them.");
    const text = readFileSync(join(FOLDER, name + SUFFIX), "utf8");
    return c.html(page(`Runbook ${name}`, html`<pre>${text}</pre>`));
  };
}
