import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { type AlertInFile, alertsIn, ruleFiles } from "../test/rules.ts";
import { CONSOLE } from "./alerts.ts";
import { readSlos } from "./read.ts";

const all = ruleFiles.flatMap((file) => alertsIn(file).map((rule) => ({ file, rule })));

/** Returns the numbers in a text: `14.4`, `10s`, `2h24m`; `80 %` counts as 80. */
const numbers = (text: string) => new Set(text.match(/\d+(?:\.\d+)?(?:[smhd](?:\d+[smh])*)?/g) ?? []);

function burnRule({ expr, annotations }: AlertInFile) {
  const [, long, burn] = /window="(\w+)"\} > ([\d.]+)/.exec(expr) ?? [];
  const [, short] = /ignoring \(window\) \S*window="(\w+)"/.exec(expr) ?? [];
  const [, least] = />= (\d+)$/.exec(expr) ?? [];
  return { long, short, burn, least, text: annotations.description ?? "" };
}

const burns = all.filter(({ rule }) => rule.alert.endsWith("Burn"));

/** Returns whether a rule file belongs to one of the lab's objectives and not to one that a user added. */
const isLab = (file: string) => basename(file).startsWith("gateway-");

describe("the text of an alert agrees with its expression", () => {
  it("all burn alerts are checked", () =>
    // Two profiles, and four pairs of windows for each objective.
    assert.equal(
      burns.filter(({ file }) => isLab(file)).length,
      2 * 4 * readSlos().filter(({ file }) => isLab(file)).length,
    ));

  for (const { file, rule } of burns)
    it(`${file} ${rule.alert} ${rule.labels.window}`, () => {
      const { long, short, burn, least, text } = burnRule(rule);
      assert.ok(long && short && burn && least, rule.expr);
      assert.match(
        text,
        new RegExp(
          `^More than [\\d.]+ % of the events in the last ${long} and in the last ${short} were bad, `,
        ),
      );
      assert.match(
        text,
        new RegExp(
          `at least ${least} of them in ${long}\\. The burn rate is over ${burn.replace(".", "\\.")}; `,
        ),
      );
      assert.equal(rule.annotations.summary?.endsWith(`burn rate over ${burn}`), true);
      assert.equal(rule.labels.window, long);
      const [, share] = /^More than ([\d.]+) % of the events/.exec(text) ?? [];
      const [, budget] = /\(([\d.]+) % in \w+\)/.exec(text) ?? [];
      assert.equal(Number((Number(share) / Number(budget)).toFixed(6)), Number(burn));
      if (!isLab(file)) return; // only the lab's objectives start with their target
      const [, target] = /Objective: ([\d.]+) % of/.exec(text) ?? [];
      assert.equal(Number((Number(budget) + Number(target)).toFixed(6)), 100);
    });

  for (const { file, rule } of all.filter(({ file }) => file === "rules/demo/health.yml"))
    it(`${file} ${rule.alert} contains only numbers from its rule`, () => {
      const text = `${rule.annotations.summary} ${rule.annotations.description}`.replaceAll(
        /\{\{.*?\}\}|UTF-8/g,
        "",
      );
      // A share is 0.05 in PromQL and 5 % in the text.
      const known = numbers(
        `${rule.expr} ${rule.for ?? ""} ${rule.expr.replaceAll(/0\.\d+/g, (share) => `${Number(share) * 100} `)}`,
      );
      for (const number of numbers(text))
        assert.ok(known.has(number), `${number} in: ${text}\nknown: ${[...known]}`);
    });
});

describe("an alert's links", () => {
  for (const name of new Set(all.map(({ rule }) => rule.alert)))
    it(`${name} has a runbook`, () => {
      assert.ok(
        existsSync(join(REPOSITORY, `docs/runbooks/${name}.md`)),
        `docs/runbooks/${name}.md does not exist`,
      );
      for (const { rule } of all.filter(({ rule }) => rule.alert === name)) {
        assert.equal(rule.annotations.runbook_url, `${CONSOLE}/docs/runbooks/${name}`);
        assert.match(rule.annotations.dashboard_url ?? "", new RegExp(`^${CONSOLE}/d/lab-[a-z]+(\\?var-|$)`));
      }
    });

  it("every runbook belongs to an alert", () => {
    const known = new Set(all.map(({ rule }) => rule.alert));
    const pages = globSync("docs/runbooks/*.md", { cwd: REPOSITORY }).map((file) => basename(file, ".md"));
    assert.deepEqual(
      pages.filter((page) => page !== "README" && !known.has(page)),
      [],
    );
  });
});
