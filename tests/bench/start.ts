import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { COMPONENTS, ensureBinaries, processTree, startStack } from "@lgtm-lab/stack";
import Table from "cli-table3";
import { median } from "./median.ts";
import { type NpmStart, withNpmStart } from "./npm-start.ts";

/**
 * Measures a warm start: `npm start` until everything is ready, each component in it, and each backend alone. They
 * alternate in one run, so that other load on the machine affects all of them. Prints medians and has no pass or fail.
 * Linux only: CPU time is read from /proc.
 */
const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
/** `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

type Start = Omit<NpmStart, "launcher"> & {
  /** The CPU time of all processes until it was ready. */
  readonly cpuSeconds: number;
};

const backends = COMPONENTS.filter(({ program }) => program.kind === "binary" && !program.optional);
const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-start-"));
const starts: Start[] = [];
const alone = new Map<string, number[]>(backends.map(({ name }) => [name, []]));

await ensureBinaries(console.log);
await startWhole(); // fills the caches
console.log(`${rounds} rounds: npm start, then each of ${backends.length} backends alone.`);
for (let round = 0; round < rounds; round += 1) {
  starts.push(await startWhole());
  for (const { name } of backends) alone.get(name)?.push(await startAlone(name));
}
await rm(folder, { recursive: true, force: true });
report();

async function startWhole(): Promise<Start> {
  return await withNpmStart(join(folder, "stack"), ({ seconds, components, launcher }) => {
    const cpuSeconds = processTree(launcher).reduce((sum, { pid }) => sum + cpuOf(pid), 0);
    return { seconds, cpuSeconds, components };
  });
}

async function startAlone(name: string): Promise<number> {
  let own = Number.NaN;
  const stack = await startStack({
    state: join(folder, name),
    ports: "free",
    components: backends.filter((component) => component.name === name),
    report: (event) => {
      if (event.type === "ready") own = event.seconds;
    },
  });
  await stack.down();
  return own;
}

/** User and system time of a process and of its children that have ended. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

function report(): void {
  const rows = new Table({ head: ["", "in the stack", "alone"], style: { head: [], border: [] } });
  const text = (seconds: number) => `${seconds.toFixed(2)} s`;
  for (const name of starts[0]?.components.keys() ?? []) {
    const single = alone.get(name);
    const within = median(starts.map(({ components }) => components.get(name) ?? Number.NaN));
    rows.push([name, text(within), single ? text(median(single)) : ""]);
  }
  const slowest = [...alone]
    .map(([name, runs]) => [name, median(runs)] as const)
    .sort((a, b) => b[1] - a[1])[0];
  const whole = median(starts.map(({ seconds }) => seconds));
  console.log(rows.toString());
  console.log(
    `npm start: ${text(whole)}; CPU time ${text(median(starts.map((start) => start.cpuSeconds)))}.`,
  );
  if (slowest)
    console.log(
      `The slowest backend alone: ${slowest[0]}, ${text(slowest[1])}; ratio ${(whole / slowest[1]).toFixed(1)}.`,
    );
}
