import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/stack";
import GithubSlugger from "github-slugger";
import { lexer, type Token, type Tokens, walkTokens } from "marked";

/** Something that a page names: inline code, a shell command, a link, a row of a table, or a piece of its text. */
export interface Mention {
  readonly page: string;
  readonly kind: "code" | "shell" | "usage" | "link" | "row" | "text";
  readonly text: string;
}

/** A Markdown file of the repository. */
export interface Page {
  readonly path: string;
  readonly mentions: readonly Mention[];
  /** The anchors of the headings of this page. */
  readonly anchors: ReadonlySet<string>;
  /** The text of each link, by its target. */
  readonly named: ReadonlyMap<string, string>;
}

/** Every file of the working tree that git does not ignore. New files are included before `git add`. */
export const FILES: readonly string[] = execFileSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
  cwd: REPOSITORY,
  encoding: "utf8",
})
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(REPOSITORY, path)));

/** Every Markdown file of the repository, read by a Markdown parser. */
export const PAGES: readonly Page[] = FILES.filter((path) => path.endsWith(".md")).map((path) =>
  readPage(path, readFileSync(join(REPOSITORY, path), "utf8")),
);

/** Reads one page. */
function readPage(path: string, markdown: string): Page {
  const mentions: Mention[] = [];
  const add = (kind: Mention["kind"], text: string) => mentions.push({ page: path, kind, text });
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  const named = new Map<string, string>();
  const tokens = lexer(markdown);
  void walkTokens(tokens, (token) => {
    if (token.type === "codespan") add("code", token.text);
    else if (token.type === "heading") anchors.add(slugger.slug(plain(token.tokens ?? [])));
    else if (token.type === "link" || token.type === "image") {
      add("link", token.href);
      named.set(token.href, token.text);
    } else if (token.type === "code")
      for (const [kind, line] of commandsOf(token as Tokens.Code)) add(kind, line);
    else if (token.type === "text" && !("tokens" in token && token.tokens)) add("text", token.text);
    else if (token.type === "table")
      for (const row of token.rows) add("row", row.map(({ text }: { text: string }) => text).join(" | "));
  });
  return { path, mentions, anchors, named };
}

/** Returns a heading's text without its markup, as GitHub makes an anchor of it. */
function plain(tokens: readonly Token[]): string {
  const textOf = (token: Token) => ("text" in token ? String(token.text) : "");
  return tokens
    .map((token) => ("tokens" in token && token.tokens ? plain(token.tokens) : textOf(token)))
    .join("");
}

/** Shell blocks line by line; in other blocks the lines after `$ `, and lines that say how `lab` is called. */
function commandsOf({ lang = "", text = "" }: { lang?: string; text?: string }): [Mention["kind"], string][] {
  const lines = text.replaceAll(/\\\n\s*/g, " ").split("\n");
  if (lang === "sh")
    return lines.filter((line) => line.trim() && !line.startsWith("#")).map((line) => ["shell", line]);
  return lines.flatMap((line): [Mention["kind"], string][] => {
    if (line.startsWith("$ ")) return [["shell", line.slice(2)]];
    // `lab <command> <arguments>`, and after two spaces what it does.
    return lang === "" && /^lab [a-z]+ /.test(line) ? [["usage", line.replace(/ {2}.*$/, "")]] : [];
  });
}

/** `a{b,c}d` → `abd`, `acd`; `<name>` and `…` → `*`. */
export function expanded(text: string): string[] {
  const pattern = text.replaceAll(/<[^<>]+>|…/g, "*");
  const [alternatives, list] = /\{([^{}]*,[^{}]*)\}/.exec(pattern) ?? [];
  if (alternatives === undefined || list === undefined) return [pattern];
  return list.split(",").flatMap((each) => expanded(pattern.replace(alternatives, each)));
}

/** Returns names with underscores: metrics, labels, fields, settings. Braces with alternatives are expanded. */
export const namesIn = (mentions: readonly Mention[]): { page: string; name: string }[] =>
  mentions.flatMap(({ page, text }) =>
    [
      ...text
        .replaceAll(/%\{\w+\}/g, "") // curl's own
        .replaceAll(/\((\w*(?:\|\w+)+)\)/g, (_, choices: string) => `{${choices.replaceAll("|", ",")}}`)
        .replaceAll(/\((\w+)\)\?/g, "{$1,}")
        .matchAll(/(?<![\w./$-])(?:[a-z0-9*…:_]|\{[a-z0-9_]*(?:,[a-z0-9_]*)+\})+(?![\w/(-])/g),
    ]
      .flatMap(([name]) => expanded(name))
      .filter((name) => /^[a-z*][a-z0-9*:]*(_[a-z0-9*]+)+$/.test(name))
      .map((name) => ({ page, name })),
  );
