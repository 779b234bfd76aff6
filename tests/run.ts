import { spawn } from "node:child_process";
import { once } from "node:events";
import { glob } from "node:fs/promises";
import { composeProgram, ensureBinaries } from "@lgtm-lab/stack";
import { hasPlugin } from "./compose/program.ts";

/**
 * `npm test`: runs each phase in turn, the fast ones first; the first failure ends the run. `npm test -- unit e2e` runs
 * only these.
 */
const PHASES: Record<string, () => Promise<void>> = {
  types: async () => {
    await run("tsc", "--noEmit");
    await run("tsc", "--noEmit", "-p", "apps/console/web");
  },
  lint: () => run("biome", "ci", "."),
  // Before the tests that need them, because a test cannot show the progress of a long build.
  binaries: async () =>
    ensureBinaries(console.log, { more: (await hasPlugin()) ? {} : { compose: composeProgram } }),
  unit: async () => {
    const patterns = [
      "{packages/*,apps/*,grafana}/{src,server,build,test}/**/*.test.ts",
      "tests/docs/*.test.ts",
    ];
    await runTests(...(await files(...patterns)));
    await run("vitest", "run", "--config", "apps/console/vitest.config.ts");
  },
  // Each in a clone: with LAB_TEST_ALL=1 a stack of its own runs there.
  "new-service": async () =>
    runTests("--test-concurrency=1", ...(await files("tests/new-service/*.test.ts"))),
  e2e: () => onRealStack("tests/e2e/*.test.ts"),
  // A separate stack, because services of the tests above would appear in the variables of the dashboards.
  dashboards: () => onRealStack("tests/dashboards/*.test.ts"),
  // In a browser, on a stack that this phase starts; the same as `npm run test:browser`.
  browser: () => run("node", "tests/browser/run.ts"),
  // Sets faults, and waits for the alerts. Separate, because an alert about latency must be caused by the fault only.
  scenarios: () => onRealStack("tests/scenarios/*.test.ts"),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in PHASES));
if (unknown.length > 0) {
  console.error(`No such phase: ${unknown.join(", ")}. There are: ${Object.keys(PHASES).join(", ")}.`);
  process.exit(2);
}
const took: string[] = [];
for (const [name, phase] of Object.entries(PHASES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n── ${name} ──`);
  const start = performance.now();
  await phase();
  took.push(`${name} ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
console.log(`\nAll phases passed: ${took.join(", ")}.`);

/** One process for all files, so that they share one stack; open handles of a failed test must not keep it running. */
async function onRealStack(pattern: string): Promise<void> {
  await runTests("--test-isolation=none", "--test-force-exit", ...(await files(pattern)));
}

/** Runs `node --test`; prints the slowest tests after its report. */
async function runTests(...args: string[]): Promise<void> {
  const reporters = ["spec", "./tests/slowest.ts"].flatMap((reporter) => [
    `--test-reporter=${reporter}`,
    "--test-reporter-destination=stdout",
  ]);
  await run("node", "--test", ...reporters, ...args);
}

async function files(...patterns: string[]): Promise<string[]> {
  const found = (await Array.fromAsync(glob(patterns)))
    .filter((file) => !file.includes("node_modules"))
    .sort();
  if (found.length === 0) throw new Error(`no test file matches ${patterns.join(" or ")}`);
  return found;
}

async function run(command: string, ...args: string[]): Promise<void> {
  const [code, signal] = await once(spawn(command, args, { stdio: "inherit" }), "exit");
  if (code === 0) return;
  console.error(`\nFailed (${signal ?? `exit code ${code}`}): ${command} ${args.join(" ").slice(0, 200)}`);
  process.exit(1);
}
