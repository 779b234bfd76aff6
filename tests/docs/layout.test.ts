import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/stack";
import { PAGES } from "./pages.ts";

const COLUMNS = 120;
/** About two screens. */
const LINES = 120;

const lengthOf = (line: string): number => [...line].length;

/** Returns the lines of a page outside code blocks. */
function proseOf(text: string): string[] {
  let code = false;
  return text.split("\n").filter((line) => {
    const fence = /^\s*```/.test(line);
    if (fence) code = !code;
    return !code && !fence;
  });
}

describe("pages are easy to read in an editor", () => {
  for (const { path } of PAGES) {
    const text = readFileSync(join(REPOSITORY, path), "utf8");

    it(`${path} is wrapped at ${COLUMNS} columns, except tables and links`, () => {
      const long = proseOf(text).filter(
        (line) => !/^\s*\|/.test(line) && lengthOf(line) > COLUMNS && /\S\s+\S/.test(line.slice(0, COLUMNS)),
      );
      assert.deepEqual(long, []);
    });

    it(`${path} has no code on the line that starts a code block`, () => {
      const withCode = text.split("\n").filter((line) => /^\s*```+\S*\s+\S/.test(line));
      assert.deepEqual(withCode, [], "text after the language is not shown");
    });

    if (/^(docs|packages|apps)\//.test(path))
      it(`${path} has at most ${LINES} lines, counting long table rows as wrapped`, () => {
        const lines = text
          .trimEnd()
          .split("\n")
          .reduce((sum, line) => sum + Math.max(1, Math.ceil(lengthOf(line) / COLUMNS)), 0);
        assert.ok(lines <= LINES, `${lines} lines: move a section to another page`);
      });
  }
});
