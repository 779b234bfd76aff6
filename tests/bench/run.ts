import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ensureBinaries, REPOSITORY } from "@lgtm-lab/stack";
import Table from "cli-table3";
import { capacity } from "./capacity/measure.ts";
import { freshness } from "./freshness/measure.ts";
import { growth } from "./growth/measure.ts";
import { instrumentation } from "./instrumentation/measure.ts";
import { type Bench, type Line, median, type Subject, spread } from "./result.ts";
import { start } from "./start/measure.ts";

/**
 * `npm run bench` runs the benches, or those that are named: `-- freshness start`. Prints a table for each, and writes a
 * record as JSON (`--json <file>`). `--against <commit>` also measures that commit. `--check` compares the ratios with
 * budgets.json; it fails only if a bench fails. `--rounds <n>` and the options of a bench are in its README.md.
 */
const BENCHES: Record<string, Bench> = { instrumentation, freshness, capacity, start, growth };
const BUDGETS = join(import.meta.dirname, "budgets.json");

/** The largest or the smallest ratio that is allowed for a line. */
type Budget = { readonly atMost: number } | { readonly atLeast: number };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string" },
    against: { type: "string" },
    check: { type: "boolean", default: false },
    json: { type: "string" },
    seconds: { type: "string" },
    rate: { type: "string" },
    only: { type: "string" },
    profile: { type: "string" },
    "flat-out": { type: "boolean" },
  },
});
const { rounds, against, check, json, ...more } = values;
const unknown = positionals.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`Unknown bench "${unknown[0]}". Available: ${Object.keys(BENCHES).join(", ")}.`);
  process.exit(2);
}
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
for (const [name, text] of Object.entries({ rounds, seconds: more.seconds, rate: more.rate }))
  if (text !== undefined && !/^[1-9]\d*$/.test(text)) {
    console.error(`--${name} ${text} is not valid: it must be a whole number from 1.`);
    process.exit(2);
  }
if (more.only !== undefined && names.length !== 1) {
  console.error(
    "--only needs the name of one bench, for example: npm run bench -- instrumentation --only off",
  );
  process.exit(2);
}
const results: Record<string, readonly Line[]> = {};
let other: ReturnType<typeof checkout> | undefined;
await ensureBinaries(console.log);
try {
  other = against === undefined ? undefined : checkout(against);
  const subjects: Subject[] = [
    { suffix: "", root: REPOSITORY },
    ...(other ? [{ suffix: ` (${against})`, root: other.root }] : []),
  ];
  for (const name of names) {
    const bench = BENCHES[name] as Bench;
    console.log(`\n${bench.title}`);
    const lines = await bench.measure({ subjects, ...(rounds && { rounds: Number(rounds) }), more });
    results[name] = lines;
    console.log(tableOf(lines));
  }
} finally {
  other?.remove();
}
const now = new Date().toISOString().replaceAll(":", "-");
const file = json ?? join(REPOSITORY, ".lab", "bench", `${now}.json`);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(record(), null, 2)}\n`);
console.log(`\nRecord: ${file}`);
if (check) console.log(`\n${compare()}`);

function tableOf(lines: readonly Line[]): string {
  const more = [...new Set(lines.flatMap(({ details = {} }) => Object.keys(details)))];
  const table = new Table({
    head: ["", "value", "ratio", "spread", "compared with", ...more],
    style: { head: [], border: [] },
  });
  for (const line of lines)
    table.push([
      line.name,
      valueText(line),
      `${ratioText(median(line.ratios))} ×`,
      spread(line).map(ratioText).join(" to "),
      line.of,
      ...more.map((key) => line.details?.[key] ?? ""),
    ]);
  return table.toString();
}

function valueText({ value, unit }: Line): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 3;
  return `${value.toLocaleString("en", { maximumFractionDigits: digits })} ${unit}`;
}

function ratioText(ratio: number): string {
  return ratio.toFixed(ratio < 0.1 ? 3 : 2);
}

/** Returns the results, and the machine that they are from. */
function record() {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: REPOSITORY, encoding: "utf8" }).trim();
  return {
    date: new Date().toISOString(),
    commit: git("rev-parse", "HEAD"),
    uncommittedChanges: git("status", "--porcelain") !== "",
    machine: {
      cpus: cpus().length,
      model: cpus()[0]?.model ?? "unknown",
      memoryBytes: totalmem(),
      platform: `${process.platform} ${process.arch}`,
      node: process.version,
    },
    benches: Object.fromEntries(
      Object.entries(results).map(([name, lines]) => [
        name,
        lines.map((line) => ({ ...line, ratio: median(line.ratios), spread: spread(line) })),
      ]),
    ),
  };
}

/** Compares the ratios with their budgets. Returns a table of them, and the number that fall short. */
function compare(): string {
  const budgets: Record<string, Record<string, Budget>> = JSON.parse(readFileSync(BUDGETS, "utf8"));
  const table = new Table({ head: ["", "ratio", "budget", ""], style: { head: [], border: [] } });
  let short = 0;
  for (const name of names)
    for (const [lineName, budget] of Object.entries(budgets[name] ?? {})) {
      const line = results[name]?.find((each) => each.name === lineName);
      const ratio = line ? median(line.ratios) : Number.NaN;
      const isMet = "atMost" in budget ? ratio <= budget.atMost : ratio >= budget.atLeast;
      if (line && !isMet) short += 1;
      const limit = "atMost" in budget ? `at most ${budget.atMost}` : `at least ${budget.atLeast}`;
      table.push([
        `${name}: ${lineName}`,
        line ? ratioText(ratio) : "not measured",
        limit,
        line ? (isMet ? "ok" : "short") : "",
      ]);
    }
  const summary =
    short === 0 ? "All ratios are within their budgets." : `${short} ratios miss their budgets.`;
  return `${table.toString()}\n${summary}`;
}

/** Checks a commit out into a temporary folder, with its dependencies. */
function checkout(commit: string): { root: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "lgtm-lab-bench-"));
  const root = join(folder, "clone");
  const git = (...args: string[]) => execFileSync("git", args, { cwd: REPOSITORY, stdio: "inherit" });
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
    git("worktree", "prune");
  };
  try {
    git("worktree", "add", "--quiet", "--detach", root, commit);
    console.log(`Installing the dependencies of ${commit}.`);
    const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--silent"];
    execFileSync("npm", ["ci", ...options], { cwd: root, stdio: "inherit" });
  } catch (error) {
    remove();
    throw error;
  }
  return { root, remove };
}
