import assert from "node:assert/strict";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { stringify } from "yaml";
import { runPromtool } from "../test/promtool.ts";

const pages = globSync("docs/runbooks/*.md", { cwd: REPOSITORY })
  .sort()
  .map((file) => ({ file, name: basename(file, ".md"), text: readFileSync(join(REPOSITORY, file), "utf8") }));
const runbooks = pages.filter(({ name }) => name !== "README");

const SECTIONS = [
  "What it means",
  "Impact",
  "First three steps",
  "Likely causes and fixes",
  "How to confirm recovery",
];

describe("the runbooks", () => {
  for (const { name, text } of runbooks)
    it(`${name} has the required sections and commands`, () => {
      assert.ok(text.startsWith(`# ${name}\n`));
      assert.deepEqual(
        [...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title),
        SECTIONS,
      );
      const steps = text.split("## First three steps")[1]?.split("\n## ")[0] ?? "";
      assert.equal(steps.match(/^\d\. /gm)?.length, 3);
      assert.equal(steps.match(/```sh/g)?.length, 3, "each step has its commands");
    });

  it("the list contains each of them", () => {
    const list = pages.find(({ name }) => name === "README")?.text ?? "";
    for (const { name } of runbooks) assert.ok(list.includes(`[${name}](${name}.md)`), name);
  });

  for (const { file, text } of [
    ...pages,
    { file: "docs/slos.md", text: readFileSync(join(REPOSITORY, "docs/slos.md"), "utf8") },
  ])
    it(`every link of ${file} leads to an existing file`, () => {
      for (const [, link = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)/g))
        assert.ok(existsSync(join(REPOSITORY, dirname(file), link)), link);
    });

  it("contain only valid queries", async (test) => {
    const queries = runbooks.flatMap(({ text }) =>
      [...text.matchAll(/9090\/api\/v1\/query --data-urlencode 'query=([^']+)'/g)].map(([, expr]) => expr),
    );
    assert.ok(queries.length >= 2 * runbooks.length, `only ${queries.length} queries found`);
    const folder = mkdtempSync(join(tmpdir(), "runbooks-"));
    test.after(() => rmSync(folder, { recursive: true }));
    const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
    writeFileSync(join(folder, "queries.yml"), stringify({ groups: [{ name: "queries", rules }] }));
    const { code, output } = await runPromtool(folder, "check", "rules", "queries.yml");
    assert.equal(code, 0, output);
  });
});
