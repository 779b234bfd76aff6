import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { parse } from "yaml";

/** An alerting rule in a rule file. */
export interface AlertInFile {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

interface RecordingInFile {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Record<string, string>;
}

interface RuleFileContent {
  readonly groups: { readonly name: string; readonly rules: (AlertInFile | RecordingInFile)[] }[];
}

/** The folder of rules and unit tests. */
export const PROMETHEUS = join(REPOSITORY, "prometheus");

/** The rule files that Prometheus reads, relative to prometheus/. */
export const ruleFiles: readonly string[] = globSync("rules/{demo,production}/*.yml", {
  cwd: PROMETHEUS,
}).sort();

/** The promtool test files, relative to prometheus/. */
export const testFiles: readonly string[] = globSync("tests/**/*.test.yml", { cwd: PROMETHEUS }).sort();

const rulesOf = (file: string) =>
  (parse(readFileSync(join(PROMETHEUS, file), "utf8")) as RuleFileContent).groups.flatMap(
    ({ rules }) => rules,
  );

/** Returns the alerting rules of a rule file. */
export const alertsIn = (file: string): AlertInFile[] => rulesOf(file).filter((rule) => "alert" in rule);
