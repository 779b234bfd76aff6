import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { PROMETHEUS } from "./rules.ts";

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
export interface TestGroup {
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
export function expectationsOf(file: string): { ruleFiles: string[]; groups: TestGroup[] } {
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
