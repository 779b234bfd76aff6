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
  // The launcher, the doctor and alerts: tests that mostly wait, with long time limits.
  operations: () => runTests("tests/operations/*.test.ts", { shared: true }),
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

/**
 * Scenarios mostly wait: they need a fifth of the CPU time. Unit tests need all of it, but have no time limits. So they
 * run at the same time, the unit tests with low priority. The output of the scenarios follows that of the unit tests.
 */
const TOGETHER = ["unit", "scenarios"] as const;

async function runUnitAndScenarios(): Promise<void> {
  const [unit, scenarios] = TOGETHER;
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-tests-"));
  const file = join(folder, "output");
  try {
    await runTogether([
      (cancelSignal) => run("node", [import.meta.filename, "--low-priority", unit], { cancelSignal }),
      (cancelSignal) =>
        withProgress("fault scenarios at the same time; their output follows", () =>
          run("node", [import.meta.filename, scenarios], {
            cancelSignal,
            stdio: ["ignore", { file }, { file }],
          }),
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
  if (values["low-priority"]) setPriority(constants.priority.PRIORITY_LOW);
  const phases = new Phases();
  const together = TOGETHER.every((name) => names.includes(name));
  for (const name of names) {
    if (together && name === TOGETHER[1]) continue;
    if (together && name === TOGETHER[0]) await phases.run(TOGETHER.join(" and "), runUnitAndScenarios);
    else await phases.run(name, PHASES[name] ?? (() => Promise.reject(new Error(name))));
  }
  phases.report("All phases passed");
});
