import assert from "node:assert/strict";
import { it } from "node:test";
import { skipUnlessAll } from "../runner/env.ts";
import { cloneRepository, install, STEPS } from "./clone.ts";

const LIMIT_MS = 8 * 60_000;
const FILES = ["tests/e2e/10-matrix.test.ts", "tests/new-service/in-the-stack.ts"];

/** The tests that must run and pass for the new service. */
const EXPECTED = [
  ...["a trace, by its id", "a trace, by search", "log lines", "a metric"].map(
    (test) => `service-c: ${test}`,
  ),
  "the doctor examines service-c",
  "the dashboards offer service-c",
];

/** Takes minutes, because the clone checks types, builds its web application and starts a stack. */
it("a new service runs: matrix, doctor, dashboards", {
  skip: skipUnlessAll,
  timeout: LIMIT_MS,
}, async (test) => {
  const clone = await cloneRepository();
  test.after(() => clone.remove());
  for (const step of Object.values(STEPS)) step(clone);
  await install(clone);
  const types = await clone.node("node_modules/.bin/tsc", "--noEmit");
  assert.equal(types.exitCode, 0, types.output);
  const flags = ["--test", "--test-reporter=tap", "--test-isolation=none", "--test-force-exit"];
  const { exitCode, output } = await clone.node(...flags, ...FILES);
  assert.equal(exitCode, 0, output);
  for (const name of EXPECTED)
    assert.match(output, new RegExp(`^ *ok \\d+ - ${name}$`, "m"), `${name}\n${output}`);
});
