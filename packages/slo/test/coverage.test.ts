import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { readSlos } from "../src/read.ts";
import { type AlertInFile, alertsIn, PROMETHEUS, ruleFiles, testFiles } from "./rules.ts";

interface UnitTests {
  readonly rule_files: string[];
  readonly tests: {
    readonly name?: string;
    readonly promql_expr_test?: { expr: string; eval_time: string; exp_samples?: { labels: string }[] }[];
    readonly alert_rule_test?: {
      alertname: string;
      eval_time: string;
      exp_alerts?: { exp_labels: Record<string, string>; exp_annotations?: Record<string, string> }[];
    }[];
  }[];
}

type Labels = Readonly<Record<string, string>>;

/** One group of a test file: the sets of firing alerts that it expects, moment by moment. */
interface TestGroup {
  readonly name: string;
  readonly moments: readonly (readonly Labels[])[];
  /** The alerts whose labels and annotations it expects word for word. */
  readonly inFull: readonly {
    readonly alert: string;
    readonly labels: Labels;
    readonly annotations: Labels;
  }[];
}

/** What a promtool test file expects, in order. */
function expectationsOf(file: string): { ruleFiles: string[]; groups: TestGroup[] } {
  const content = parse(readFileSync(join(PROMETHEUS, file), "utf8")) as UnitTests;
  const groups = content.tests.map(({ name = "", promql_expr_test = [], alert_rule_test = [] }) => ({
    name,
    moments: promql_expr_test
      .filter(({ expr }) => expr.includes("ALERTS"))
      .map(({ exp_samples = [] }) => exp_samples.map(({ labels }) => readLabels(labels))),
    inFull: alert_rule_test.flatMap(({ alertname, exp_alerts = [] }) =>
      exp_alerts.map(({ exp_labels, exp_annotations = {} }) => ({
        alert: alertname,
        labels: exp_labels,
        annotations: exp_annotations,
      })),
    ),
  }));
  return {
    ruleFiles: content.rule_files.map((path) => join("tests", file.replace(/^tests\/|[^/]+$/g, ""), path)),
    groups,
  };
}

const readLabels = (text: string): Labels =>
  Object.fromEntries(
    [...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );

const tests = testFiles.map(expectationsOf);

const withTests = new Set(tests.flatMap(({ ruleFiles: files }) => files));
const objectives = new Set(readSlos().map(({ name }) => name));

/**
 * Health rules are tested in the demo's copy; health.test.ts holds the other to be the same. An objective of a user may
 * have no unit test (the generator says so); slos.test.ts holds the lab's own to have one.
 */
const tested = ruleFiles.filter(
  (file) =>
    file !== "rules/production/health.yml" &&
    (withTests.has(file) || !objectives.has(basename(file, ".yml"))),
);

/** Labels that a rule sets to a fixed value tell the rules of one name apart. */
const isOf = ({ alert, labels: set }: AlertInFile) => {
  const telling = ["severity", "window", "signal"].filter((name) => set[name] !== undefined);
  return (labels: Readonly<Record<string, string>>) =>
    labels.alertname === alert &&
    telling.every((name) => labels[name] === undefined || labels[name] === set[name]);
};

describe("every alert is shown to fire, not to fire, and to clear", () => {
  for (const file of tested)
    it(file, () => {
      const groups = tests.filter((test) => test.ruleFiles.includes(file)).flatMap((test) => test.groups);
      for (const rule of alertsIn(file)) {
        if (rule.alert === "Watchdog") continue; // it always fires
        const mine = isOf(rule);
        const name = `${rule.alert} ${JSON.stringify(rule.labels)}`;
        const sequences = groups.map(({ moments }) => moments.map((firing) => firing.some(mine)));
        assert.ok(
          sequences.some((moments) => moments.includes(true)),
          `never expected to fire: ${name}`,
        );
        assert.ok(
          sequences.some((moments) => moments[0] === false),
          `never expected to be quiet: ${name}`,
        );
        assert.ok(
          sequences.some((moments) =>
            moments.some((fires, at) => fires && moments.slice(at + 1).includes(false)),
          ),
          `never expected to clear: ${name}`,
        );
      }
    });
});

describe("every alert's labels and texts are expected word for word", () => {
  for (const file of tested)
    it(file, () => {
      const inFull = tests
        .filter((test) => test.ruleFiles.includes(file))
        .flatMap(({ groups }) => groups.flatMap((group) => group.inFull));
      for (const rule of alertsIn(file)) {
        if (rule.alert === "SloDataMissing") continue; // no template in it
        const mine = isOf(rule);
        const found = inFull.filter(({ alert, labels }) => mine({ ...labels, alertname: alert }));
        assert.ok(found.length > 0, `${rule.alert} ${JSON.stringify(rule.labels)}`);
        for (const { labels, annotations } of found) {
          for (const label of ["severity", "service_name", "profile", "origin"])
            assert.ok(labels[label], `${rule.alert} has no ${label}`);
          // Braces alone may be in the name of a user's objective.
          assert.doesNotMatch(
            JSON.stringify(annotations),
            /\{\{-? *(?:[$.|"]|with|if|end|range|print|reReplaceAll|humanize)|<no value>|error expanding|NaN/,
          );
        }
      }
    });
});
