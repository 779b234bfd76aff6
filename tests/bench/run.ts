import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { unknownName } from "@lgtm-lab/contracts";
import { ensureBinaries, REPOSITORY } from "@lgtm-lab/stack";
import Table from "cli-table3";
import { output, run, unlessInterrupted } from "../runner/commands.ts";
import { runCommand, UsageError } from "../runner/phases.ts";
import { balancing } from "./balancing/measure.ts";
import { capacity } from "./capacity/measure.ts";
import { freshness } from "./freshness/measure.ts";
import { gateway } from "./gateway/measure.ts";
import { growth } from "./growth/measure.ts";
import { instrumentation } from "./instrumentation/measure.ts";
import { type Bench, type BenchOptions, type Line, median, type Subject, spread } from "./result.ts";
import { start } from "./start/measure.ts";

/**
 * `npm run bench` runs the benches, or those that are named: `-- freshness start`. Prints a table for each, and writes a
 * record as JSON (`--json <file>`). `--against <commit>` also measures that commit. `--check` compares the ratios with
 * budgets.json; it fails only if a bench fails. `--rounds <n>` and the options of a bench are in its README.md.
 */
const BENCHES: Record<string, Bench> = {
  instrumentation,
  freshness,
  capacity,
  start,
  growth,
  balancing,
  gateway,
};
const BUDGETS = join(import.meta.dirname, "budgets.json");

/** The largest or the smallest ratio that is allowed for a line. */
type Budget = { readonly atMost: number } | { readonly atLeast: number };

interface Options {
  /** The benches to run. */
  readonly names: readonly string[];
  readonly rounds: number | undefined;
  /** The commit to compare with. */
  readonly against: string | undefined;
  readonly check: boolean;
  /** The file of the record. */
  readonly file: string;
  /** The options of single benches. */
  readonly more: BenchOptions["more"];
}

type Results = Readonly<Record<string, readonly Line[]>>;

await runCommand(async () => {
  const options = readOptions();
  await unlessInterrupted("the build of the programs", ensureBinaries(console.log));
  const results = await measure(options);
  mkdirSync(dirname(options.file), { recursive: true });
  writeFileSync(options.file, `${JSON.stringify(await recordOf(results), null, 2)}\n`);
  console.log(`\nRecord: ${options.file}`);
  if (options.check) console.log(`\n${compare(results)}`);
});

function readOptions(): Options {
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
      with: { type: "string" },
      profile: { type: "string" },
      "flat-out": { type: "boolean" },
    },
  });
  const { rounds, against, check, json, ...more } = values;
  const available = Object.keys(BENCHES);
  const unknown = positionals.find((name) => !available.includes(name));
  if (unknown !== undefined) throw new UsageError(unknownName("bench", unknown, available));
  const names = positionals.length > 0 ? positionals : available;
  for (const [name, text] of Object.entries({ rounds, seconds: more.seconds, rate: more.rate }))
    if (text !== undefined && !/^[1-9]\d*$/.test(text))
      throw new UsageError(`--${name} ${text} is not valid: it must be a whole number from 1.`);
  if (more.only !== undefined && names.length !== 1)
    throw new UsageError(
      "--only needs the name of one bench, for example: npm run bench -- instrumentation --only off",
    );
  const now = new Date().toISOString().replaceAll(":", "-");
  const file = json ?? join(REPOSITORY, ".lab", "bench", `${now}.json`);
  return { names, rounds: rounds ? Number(rounds) : undefined, against, check, file, more };
}

/** Runs the benches and prints the table of each. */
async function measure({ names, rounds, against, more }: Options): Promise<Results> {
  const results: Record<string, readonly Line[]> = {};
  const other = against === undefined ? undefined : await checkout(against);
  const subjects: Subject[] = [
    { suffix: "", root: REPOSITORY },
    ...(other ? [{ suffix: ` (${against})`, root: other.root }] : []),
  ];
  try {
    for (const name of names) {
      const bench = BENCHES[name] as Bench;
      console.log(`\n${bench.title}`);
      const measured = bench.measure({ subjects, ...(rounds && { rounds }), more });
      const lines = await unlessInterrupted(name, measured);
      results[name] = lines;
      console.log(tableOf(lines));
    }
  } finally {
    await other?.remove();
  }
  return results;
}

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
async function recordOf(results: Results) {
  const git = (...args: string[]) => output("git", args, { cwd: REPOSITORY });
  return {
    date: new Date().toISOString(),
    commit: await git("rev-parse", "HEAD"),
    uncommittedChanges: (await git("status", "--porcelain")) !== "",
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
function compare(results: Results): string {
  const budgets: Record<string, Record<string, Budget>> = JSON.parse(readFileSync(BUDGETS, "utf8"));
  const table = new Table({ head: ["", "ratio", "budget", ""], style: { head: [], border: [] } });
  let short = 0;
  for (const [name, lines] of Object.entries(results))
    for (const [lineName, budget] of Object.entries(budgets[name] ?? {})) {
      const line = lines.find((each) => each.name === lineName);
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
async function checkout(commit: string): Promise<{ root: string; remove(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "lgtm-lab-bench-"));
  const root = join(folder, "clone");
  const remove = async () => {
    rmSync(folder, { recursive: true, force: true });
    await run("git", ["worktree", "prune"]);
  };
  try {
    await run("git", ["worktree", "add", "--quiet", "--detach", root, commit]);
    console.log(`Installing the dependencies of ${commit}.`);
    const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--silent"];
    await run("npm", ["ci", ...options], { cwd: root });
  } catch (error) {
    await remove();
    throw error;
  }
  return { root, remove };
}
