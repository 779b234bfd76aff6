import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { REPOSITORY } from "@lgtm-lab/stack";
import Table from "cli-table3";
import { median } from "../median.ts";
import { start } from "./child.ts";
import { type Load, load, type Run, type Sinks, warmUp } from "./load.ts";
import { type System, startSystem } from "./system.ts";
import { BASELINE, type Variant, variants } from "./variants.ts";

/**
 * Measures the cost of telemetry: the CPU time of a request in the gateway and the service behind it, in each variant
 * (README.md). The variants alternate in one run, so that other load on the machine affects all of them. Prints medians
 * and the ratio to the bare variant, and has no pass or fail. `--against <commit>`: also measures the lab at that
 * commit. `--only <text>`: only the bare variant and those whose name contains the text. Linux only: reads CPU time
 * from /proc.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    rate: { type: "string", default: "500" },
    against: { type: "string" },
    only: { type: "string" },
    "flat-out": { type: "boolean", default: false },
  },
});
const SETTLED_MS = 6_000;
const seconds = Number(values.seconds);
const PATHS = ["/a/hello?name=pspd", "/b/numbers?count=10"];
const LOADS: readonly Load[] = PATHS.flatMap((path) => [
  { path, seconds, connections: 10, rate: Number(values.rate) },
  ...(values["flat-out"] ? [{ path, seconds, connections: 25 }] : []),
]);

interface Subject {
  readonly variant: Variant;
  readonly system: System;
  readonly runs: ReadonlyMap<Load, Run[]>;
}

const sinks: Sinks = await start("./sinks.ts");
const subjects: Subject[] = [];
let other: ReturnType<typeof checkout> | undefined;
try {
  other = values.against === undefined ? undefined : checkout(values.against);
  for (const variant of variants(sinks.ready, REPOSITORY, other)) {
    const { only } = values;
    if (only !== undefined && variant.name !== BASELINE && !variant.name.includes(only)) continue;
    const system = await startSystem(variant);
    subjects.push({ variant, system, runs: new Map(LOADS.map((each) => [each, []])) });
  }
  const rounds = Number(values.rounds);
  const minutes = ((rounds * subjects.length * LOADS.length * (seconds + 1)) / 60).toFixed(1);
  console.log(
    `Warm-up, then ${rounds} rounds of ${subjects.length} variants, ${LOADS.length} loads of ${seconds} s each: ${minutes} min`,
  );
  // The lab's services collect garbage 5 s after their start, which also discards compiled code.
  await sleep(SETTLED_MS);
  for (const { system } of subjects) for (const path of PATHS) await warmUp(system, path);
  for (let round = 0; round < rounds; round += 1) {
    // Each round begins with another variant, so that the same variant does not always follow the same one.
    const turn = subjects.map((_, index) => subjects[(index + round) % subjects.length] as Subject);
    for (const each of LOADS)
      for (const { system, runs } of turn) runs.get(each)?.push(await load(system, sinks, each));
    console.log(`round ${round + 1} of ${rounds} done`);
  }
} finally {
  for (const { system } of subjects) await system.stop();
  await sinks.stop();
  other?.remove();
}
for (const each of LOADS) {
  console.log(`\n${each.path}, ${each.rate ? `${each.rate} requests/s` : "as fast as possible"}`);
  console.log(table(each).toString());
}

function table(each: Load) {
  const head = ["", "CPU µs/request", "gateway", "services", "of bare", "spread", "req/s", "p99 ms"];
  const rows = new Table({ head: [...head, "spans/req", "lines/req"], style: { head: [], border: [] } });
  const [bare] = subjects;
  if (bare) for (const subject of subjects) rows.push(row(subject, bare, each));
  return rows;
}

function row({ variant, runs }: Subject, bare: Subject, each: Load): string[] {
  const [ours = [], base = []] = [runs.get(each), bare.runs.get(each)];
  const of = (key: keyof Run) => median(ours.map((run) => run[key]));
  // The ratio of each round, because both runs of a round had the machine in the same state.
  const ratios = ours.map((run, index) => run.total / (base[index]?.total ?? Number.NaN));
  return [
    variant.name,
    of("total").toFixed(0),
    of("gateway").toFixed(0),
    of("services").toFixed(0),
    `${median(ratios).toFixed(2)} ×`,
    `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    of("requestsPerSecond").toFixed(0),
    of("p99Ms").toFixed(0),
    of("spans").toFixed(2),
    of("lines").toFixed(2),
  ];
}

/** Checks a commit out into a temporary folder, with its dependencies. */
function checkout(commit: string): { name: string; root: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "lgtm-lab-bench-"));
  const root = join(folder, "clone");
  const git = (...args: string[]) => execFileSync("git", args, { cwd: REPOSITORY, stdio: "inherit" });
  git("worktree", "add", "--quiet", "--detach", root, commit);
  console.log(`Installing the dependencies of ${commit}.`);
  const remove = () => {
    git("worktree", "remove", "--force", root);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--silent"];
    execFileSync("npm", ["ci", ...options], { cwd: root, stdio: "inherit" });
  } catch (error) {
    remove();
    throw error;
  }
  return { name: commit, root, remove };
}
