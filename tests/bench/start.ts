import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { COMPONENTS, ensureBinaries, familyOf, freePorts, REPOSITORY, startStack } from "@lgtm-lab/stack";
import Table from "cli-table3";
import { execa } from "execa";
import { median } from "./median.ts";

/**
 * Measures a warm start: `npm start` until everything is ready, each component in it, and each backend alone. They alternate
 * in one run, so that other load on the machine affects all of them. Prints medians and has no pass or fail. Linux only: CPU
 * time is read from /proc.
 */
const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
/** `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Start {
  /** From `npm start` to its line "Ready in …". */
  readonly seconds: number;
  /** CPU time until then, of all processes. */
  readonly cpuSeconds: number;
  /** Of each component, from its own start. */
  readonly components: ReadonlyMap<string, number>;
}

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
  const ports = Object.entries(await freePorts()).map(([name, port]) => [name, String(port)]);
  const state = join(folder, "stack");
  const began = performance.now();
  const npm = execa("npm", ["start"], {
    cwd: REPOSITORY,
    env: { ...Object.fromEntries(ports), LAB_STATE: state },
    stdin: "ignore",
    buffer: false,
    reject: false,
  });
  const components = new Map<string, number>();
  for await (const line of npm) {
    const [, name, own] = /^✓ (\S+)\s+ready in ([\d.]+) s/.exec(line) ?? [];
    if (name) components.set(name, Number(own));
    if (!line.startsWith("Ready in")) continue;
    const seconds = (performance.now() - began) / 1000;
    const launcher: number = JSON.parse(readFileSync(join(state, "run/stack.json"), "utf8")).pid;
    const cpuSeconds = familyOf(launcher).reduce((sum, { pid }) => sum + cpuOf(pid), 0);
    process.kill(launcher, "SIGINT");
    await npm;
    return { seconds, cpuSeconds, components };
  }
  throw new Error("npm start ended before it was ready");
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
