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
import { hasPlugin } from "./compose/program.ts";
import { run, runTests, runTogether } from "./runner/commands.ts";
import { environment, setEnvironment } from "./runner/env.ts";
import { Phases, parsePhases, runCommand, withProgress } from "./runner/phases.ts";

/**
 * `npm test`: runs each phase in turn, the fast ones first; the first failure ends the run. `npm test -- unit e2e` runs
 * only these. `npm run test:all` includes the long tests.
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
  // The launcher, the doctor and alerts. Uses a separate stack, so that it can run at the same time as `dashboards`.
  operations: () =>
    runTests("tests/operations/*.test.ts", { shared: true, env: { LAB_TEST_STATE: "test-operations" } }),
  // Uses a separate stack, because services of the tests above would appear in the variables of the dashboards.
  dashboards: () => runTests("tests/dashboards/*.test.ts", { shared: true }),
  // Runs in a browser, on a stack that this phase starts; the same as `npm run test:browser`.
  browser: () => run("node", ["tests/browser/run.ts"]),
  // Sets faults and waits for the alerts. Uses a separate stack, so that only the fault can cause an alert about
  // latency.
  scenarios: () => runTests("tests/scenarios/*.test.ts", { shared: true }),
  // `npm test` reports these tests as skipped; only `test:all` builds k6.
  load: async () => {
    // Not `runsLongTests`, which is computed before `--all` sets the variable.
    if (environment.LAB_TEST_ALL === "1")
      await ensureBinaries(console.log, { only: [], extra: { k6: k6Program } });
    await runTests("tests/load/*.test.ts", { serial: true });
  },
};

/** Two phases that run at the same time if both are selected. The output of the second follows that of the first. */
type Pair = readonly [first: string, second: string];
const PAIRS: readonly Pair[] = [
  // Scenarios mostly wait: they need a fifth of the CPU time. Unit tests need all of it, but have no time limits.
  ["unit", "scenarios"],
  // Both mostly wait, and their time limits are long. Beside `e2e`, with its short ones, each would be flaky.
  ["operations", "dashboards"],
];
/**
 * These leave the CPU to the other phase of their pair, which has short time limits. `operations` has limits too, so it
 * must get a share also when the other phase needs all of it.
 */
const LOW_PRIORITY: Readonly<Record<string, number>> = {
  unit: constants.priority.PRIORITY_LOW,
  operations: constants.priority.PRIORITY_BELOW_NORMAL,
};

async function runPair(pair: Pair): Promise<void> {
  const command = (name: string) => [
    import.meta.filename,
    ...(name in LOW_PRIORITY ? ["--low-priority"] : []),
    name,
  ];
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-tests-"));
  const file = join(folder, "output");
  try {
    await runTogether([
      (cancelSignal) => run("node", command(pair[0]), { cancelSignal }),
      (cancelSignal) =>
        withProgress(`running ${pair[1]} at the same time; the output follows`, () =>
          run("node", command(pair[1]), { cancelSignal, stdio: ["ignore", { file }, { file }] }),
        ),
    ]);
  } finally {
    console.log(await readFile(file, "utf8").catch(() => ""));
    await rm(folder, { recursive: true });
  }
}

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    options: {
      all: { type: "boolean", default: false },
      "low-priority": { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const names = parsePhases(positionals, Object.keys(PHASES));
  if (values.all) setEnvironment({ LAB_TEST_ALL: "1" });
  // The programs that this process starts inherit it.
  if (values["low-priority"]) setPriority(LOW_PRIORITY[names[0] ?? ""] ?? 0);
  const phases = new Phases();
  const pairs = PAIRS.filter((pair) => pair.every((name) => names.includes(name)));
  for (const name of names) {
    if (pairs.some(([, second]) => second === name)) continue;
    const pair = pairs.find(([first]) => first === name);
    if (pair) await phases.run(pair.join(" and "), () => runPair(pair));
    else await phases.run(name, PHASES[name] ?? (() => Promise.reject(new Error(name))));
  }
  phases.report("All phases passed");
});
