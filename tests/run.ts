import { mkdtemp, readFile, rm } from "node:fs/promises";
import { constants, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  composeProgram,
  ensureBinaries,
  k6Program,
  kustomizeProgram,
  manifestsProgram,
} from "@lgtm-lab/stack";
import type { Options } from "execa";
import { hasPlugin } from "./compose/program.ts";
import { run, runTests, runTogether } from "./runner/commands.ts";
import { environment, setEnvironment } from "./runner/env.ts";
import { Phases, parsePhases, runCommand, withProgress } from "./runner/phases.ts";

/**
 * `npm test`: runs the phases in this order, those of `tracksOf` at the same time; the first failure ends the run.
 * `npm test -- unit e2e` runs only these. `npm run test:all` includes the long tests; with `--only-long` it leaves out
 * most tests of `npm test`.
 */
const PHASES: Record<string, () => Promise<void>> = {
  types: async () => {
    await run("tsc", ["--noEmit"]);
    await run("tsc", ["--noEmit", "-p", "apps/console/web"]);
  },
  lint: () => run("biome", ["ci", "."]),
  // Runs before the tests that need the programs, because a test cannot show the progress of a long build.
  binaries: async () =>
    ensureBinaries(console.log, {
      extra: {
        kustomize: kustomizeProgram,
        manifests: manifestsProgram,
        ...((await hasPlugin()) ? {} : { compose: composeProgram }),
      },
    }),
  unit: async () => {
    await runTests([
      "{packages/*,apps/*,grafana,load}/{src,server,build,test}/**/*.test.ts",
      "tests/{docs,runner,structure}/*.test.ts",
    ]);
    await run("vitest", ["run", "--config", "apps/console/vitest.config.ts"]);
  },
  // Each test runs in a clone; `test:all` also starts a separate stack there.
  "new-service": () => runTests("tests/new-service/*.test.ts", { serial: true }),
  // Runs alone, because stacks share pages of their programs, and each would then seem to need less memory.
  memory: () => runTests("tests/bench/memory.test.ts"),
  e2e: () => runTests("tests/e2e/*.test.ts", { shared: true }),
  // The doctor and the alert inbox: tests that mostly wait, with long time limits.
  operations: () => runTests("tests/operations/*.test.ts", { shared: true }),
  // Tests that start separate stacks with particular settings, some of them wrong.
  stacks: () => runTests("tests/stacks/*.test.ts", { shared: true }),
  // Uses a separate stack, because services of the tests above would appear in the variables of the dashboards.
  dashboards: () => runTests("tests/dashboards/*.test.ts", { shared: true }),
  // Runs in a browser, on a stack that this phase starts; the same as `npm run test:browser`.
  browser: () => run("node", ["tests/browser/run.ts"]),
  // Sets faults and waits for the alerts. Uses a separate stack, so that only the fault can cause an alert about
  // latency. With `--all`, mechanisms.test.ts starts a second one.
  scenarios: () => runTests("tests/scenarios/*.test.ts", { shared: true }),
  // `npm test` reports these tests as skipped; only `test:all` builds k6.
  load: async () => {
    // Not `runsLongTests`, which is computed before `--all` sets the variable.
    if (environment.LAB_TEST_ALL === "1")
      await ensureBinaries(console.log, { only: [], extra: { k6: k6Program } });
    await runTests("tests/load/*.test.ts", { serial: true });
  },
};

/** Phases without time limits. They run with low priority beside others. */
const WITHOUT_TIME_LIMITS = ["unit", "new-service"];

/** Phases that run one after the other, while other tracks run. */
interface Track {
  readonly phases: readonly string[];
  /** Phases of earlier tracks: the track starts when the first of them ends. */
  readonly afterAnyOf?: readonly string[];
}

/**
 * Phases that run at the same time: those that need all CPU time, and those that mostly wait (scenarios need a fifth of
 * it). Phases that start more stacks wait for the end of `unit` or `scenarios`: the CPU time that all three would need
 * could cause alerts about latency in `scenarios`. Only one phase at a time may use the shared stack
 * (tests/e2e/support/lab.ts).
 */
const tracksOf = (all: boolean): readonly Track[] => [
  // The long form of new-service has time limits, and needs the CPU time that `scenarios` needs too.
  { phases: ["unit", ...(all ? [] : ["new-service"])] },
  { phases: ["scenarios", "operations"] },
  { phases: ["stacks"], afterAnyOf: ["unit", "scenarios"] },
];

/** Runs each phase in a separate process. The output of the first track is shown, then that of the others. */
async function runTracks(tracks: readonly Track[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-tests-"));
  const ended = new Map<string, Promise<void>>();
  const runTrack = async ({ phases, afterAnyOf = [] }: Track, options: Options): Promise<void> => {
    const awaited = afterAnyOf.flatMap((phase) => ended.get(phase) ?? []);
    if (awaited.length > 0) await Promise.race(awaited);
    for (const phase of phases) {
      const priority = WITHOUT_TIME_LIMITS.includes(phase) ? ["--low-priority"] : [];
      const running = run("node", [import.meta.filename, ...priority, phase], options);
      ended.set(phase, running);
      await running;
    }
  };
  const [shown, ...hidden] = tracks as readonly [Track, ...Track[]];
  const names = hidden.flatMap(({ phases }) => phases).join(", ");
  const fileOf = (index: number) => join(folder, `${index}`);
  try {
    await withProgress(`at the same time: ${names}; their output follows`, () =>
      runTogether([
        (cancelSignal) => runTrack(shown, { cancelSignal }),
        ...hidden.map((track, index) => (cancelSignal: AbortSignal) => {
          const output = { file: fileOf(index), append: true };
          return runTrack(track, { cancelSignal, stdio: ["ignore", output, output] });
        }),
      ]),
    );
  } finally {
    for (const index of hidden.keys()) console.log(await readFile(fileOf(index), "utf8").catch(() => ""));
    await rm(folder, { recursive: true });
  }
}

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    options: {
      all: { type: "boolean", default: false },
      "only-long": { type: "boolean", default: false },
      "low-priority": { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const names = parsePhases(positionals, Object.keys(PHASES));
  const all = values.all || values["only-long"];
  if (all) setEnvironment({ LAB_TEST_ALL: "1" });
  if (values["only-long"]) setEnvironment({ LAB_TEST_ONLY_LONG: "1" });
  // The programs that this process starts inherit it.
  if (values["low-priority"]) setPriority(constants.priority.PRIORITY_LOW);
  const phases = new Phases();
  const tracks = tracksOf(all)
    .map((track) => ({ ...track, phases: track.phases.filter((name) => names.includes(name)) }))
    .filter((track) => track.phases.length > 0);
  const together = tracks.length > 1 ? tracks.flatMap((track) => track.phases) : [];
  for (const name of names) {
    if (name === together[0]) await phases.run(together.join(", "), () => runTracks(tracks));
    else if (!together.includes(name))
      await phases.run(name, PHASES[name] ?? (() => Promise.reject(new Error(name))));
  }
  phases.report("All phases passed");
});
