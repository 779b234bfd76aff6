import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { type AlertInFile, alertsIn, PROMETHEUS, ruleFiles, testFiles } from "../test/rules.ts";
import { readSlos } from "./read.ts";

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

/** One group of a test file: the firing alerts that it expects at each point in time. */
interface TestGroup {
  readonly name: string;
  readonly checkpoints: readonly (readonly Labels[])[];
  /** The alerts that it compares with all labels and annotations. */
  readonly complete: readonly {
    readonly alert: string;
    readonly labels: Labels;
    readonly annotations: Labels;
  }[];
}

/** Returns the expectations in a promtool test file, in order. */
function expectationsOf(file: string): { ruleFiles: string[]; groups: TestGroup[] } {
  // The limit of aliases is for untrusted files. In these files, each checkpoint uses an alias.
  const content = parse(readFileSync(join(PROMETHEUS, file), "utf8"), { maxAliasCount: -1 }) as UnitTests;
  const groups = content.tests.map(({ name = "", promql_expr_test = [], alert_rule_test = [] }) => ({
    name,
    checkpoints: promql_expr_test
      .filter(({ expr }) => expr.includes("ALERTS"))
      .map(({ exp_samples = [] }) => exp_samples.map(({ labels }) => readLabels(labels))),
    complete: alert_rule_test.flatMap(({ alertname, exp_alerts = [] }) =>
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
 * Health rules are tested in the demo's copy; health.test.ts checks that the other copy is the same. An objective of a
 * user may have no unit test; slos.test.ts checks that each of the lab's objectives has one.
 */
const tested = ruleFiles.filter(
  (file) =>
    file !== "rules/production/health.yml" &&
    (withTests.has(file) || !objectives.has(basename(file, ".yml"))),
);

/** Matches the labels of an alert to its rule. Several rules may have the same name and differ in fixed labels. */
const matcherOf = ({ alert, labels: set }: AlertInFile) => {
  const distinguishing = ["severity", "window", "signal"].filter((name) => set[name] !== undefined);
  return (labels: Readonly<Record<string, string>>) =>
    labels.alertname === alert &&
    distinguishing.every((name) => labels[name] === undefined || labels[name] === set[name]);
};

describe("every alert is tested: it fires, does not fire, and is resolved", () => {
  for (const file of tested)
    it(file, () => {
      const groups = tests.filter((test) => test.ruleFiles.includes(file)).flatMap((test) => test.groups);
      for (const rule of alertsIn(file)) {
        if (rule.alert === "Watchdog") continue; // it always fires
        const matches = matcherOf(rule);
        const name = `${rule.alert} ${JSON.stringify(rule.labels)}`;
        const sequences = groups.map(({ checkpoints }) => checkpoints.map((firing) => firing.some(matches)));
        assert.ok(
          sequences.some((checkpoints) => checkpoints.includes(true)),
          `never expected to fire: ${name}`,
        );
        assert.ok(
          sequences.some((checkpoints) => checkpoints[0] === false),
          `never expected not to fire: ${name}`,
        );
        assert.ok(
          sequences.some((checkpoints) =>
            checkpoints.some((fires, at) => fires && checkpoints.slice(at + 1).includes(false)),
          ),
          `never expected to be resolved: ${name}`,
        );
      }
    });
});

describe("all labels and annotations of every alert are tested", () => {
  for (const file of tested)
    it(file, () => {
      const complete = tests
        .filter((test) => test.ruleFiles.includes(file))
        .flatMap(({ groups }) => groups.flatMap((group) => group.complete));
      for (const rule of alertsIn(file)) {
        if (rule.alert === "SloDataMissing") continue; // it contains no template
        const matches = matcherOf(rule);
        const found = complete.filter(({ alert, labels }) => matches({ ...labels, alertname: alert }));
        assert.ok(found.length > 0, `${rule.alert} ${JSON.stringify(rule.labels)}`);
        for (const { labels, annotations } of found) {
          for (const label of ["severity", "service_name", "profile", "origin"])
            assert.ok(labels[label], `${rule.alert} has no ${label}`);
          // The name of a user's objective may contain plain braces.
          assert.doesNotMatch(
            JSON.stringify(annotations),
            /\{\{-? *(?:[$.|"]|with|if|end|range|print|reReplaceAll|humanize)|<no value>|error expanding|NaN/,
          );
        }
      }
    });
});
