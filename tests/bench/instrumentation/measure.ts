import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, BenchOptions } from "../result.ts";
import { start } from "./child.ts";
import { flameGraph } from "./flame-graph.ts";
import {
  inRounds,
  type Load,
  lineOf,
  load,
  profiledLoad,
  type Run,
  SETTLED_MS,
  type Sinks,
  warmUp,
} from "./load.ts";
import { fileNameOf, type System, startSystem } from "./system.ts";
import { BASELINE, type Variant, variants } from "./variants.ts";

const ROUNDS = 5;
const PATHS = ["/a/hello?name=pspd", "/b/numbers?count=10"];

/** One variant that runs, and what was measured on it. */
interface Running {
  readonly variant: Variant;
  readonly system: System;
  readonly runs: ReadonlyMap<Load, Run[]>;
}

/**
 * Measures the CPU time of a request in the gateway and the service behind it, in each variant (README.md). The variants
 * alternate in one run, so that other load on the machine affects all of them. Linux only: reads CPU time from /proc.
 */
export const instrumentation: Bench = {
  title: "instrumentation: CPU time of a request, with and without telemetry",
  async measure(options) {
    const loads = loadsOf(options);
    const sinks: Sinks = await start("./sinks.ts");
    const all: Running[] = [];
    try {
      await run(options, { loads, sinks, all });
    } finally {
      for (const { system } of all) await system.stop();
      await sinks.stop();
    }
    return loads.flatMap((each) => {
      const runsOf = ({ runs }: Running) => runs.get(each) ?? [];
      const [path] = each.path.split("?");
      const what = `${path}${each.rate ? "" : ", as fast as possible"}`;
      const baseline = { name: BASELINE, runs: runsOf(all[0] as Running) };
      return all.map((running) =>
        lineOf(`${what}: ${running.variant.name}`, "total", runsOf(running), baseline),
      );
    });
  },
};

function loadsOf({ more }: BenchOptions): Load[] {
  const seconds = Number(more.seconds ?? 3);
  return PATHS.flatMap((path) => [
    { path, seconds, connections: 10, rate: Number(more.rate ?? 500) },
    ...(more["flat-out"] ? [{ path, seconds, connections: 25 }] : []),
  ]);
}

async function run(
  { subjects, rounds = ROUNDS, more }: BenchOptions,
  { loads, sinks, all }: { loads: readonly Load[]; sinks: Sinks; all: Running[] },
): Promise<void> {
  const folder = more.profile === undefined ? undefined : String(more.profile);
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const settings = more.with === undefined ? [] : String(more.with).split(" ");
  for (const variant of variants(sinks.ready, subjects, settings)) {
    if (more.only !== undefined && variant.name !== BASELINE && !variant.name.includes(String(more.only)))
      continue;
    const system = await startSystem(variant, folder);
    all.push({ variant, system, runs: new Map(loads.map((each) => [each, []])) });
  }
  // Each load is preceded by requests that are not measured, and followed by a wait for the delivery.
  const seconds = loads.reduce((sum, each) => sum + each.seconds + 5, 0);
  const minutes = ((rounds * all.length * seconds) / 60).toFixed(1);
  console.log(
    `Warm-up, then ${rounds} rounds of ${all.length} variants and ${loads.length} loads: ${minutes} min`,
  );
  await sleep(SETTLED_MS);
  for (const { system } of all) for (const path of PATHS) await warmUp(system, path);
  await inRounds(rounds, all, async (turn) => {
    for (const each of loads)
      for (const { system, runs } of turn) runs.get(each)?.push(await load(system, sinks, each));
  });
  if (folder !== undefined) for (const running of all) await drawProfiles(running, folder, loads[0] as Load);
}

/** Repeats a load with a CPU profile of each process, and writes the profiles and their flame graphs. */
async function drawProfiles({ variant, system }: Running, folder: string, each: Load): Promise<void> {
  const { profiles, requests } = await profiledLoad(system, each);
  for (const [name, profile] of Object.entries(profiles))
    writeFileSync(
      join(folder, `${fileNameOf(variant.name, name)}.svg`),
      flameGraph(`${name}, ${variant.name}`, profile, requests),
    );
  console.log(`profiles of ${variant.name}: ${folder}`);
}
