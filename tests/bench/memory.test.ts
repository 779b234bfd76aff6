import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnlessAll } from "../runner/env.ts";
import { megabytesOf, statusAtRest, withNpmStart } from "./npm-start.ts";

/** The memory that `lab status` measured (docs/start-and-memory.md), plus about 8 %. */
const ALLOWED_MB = 828;
const MEGABYTE = 1e6;

const stateFolder = await mkdtemp(join(tmpdir(), "lgtm-lab-memory-"));
const skip =
  skipUnlessAll ||
  (process.platform !== "linux" &&
    "the limit applies to the proportional set size, which only Linux provides");

test("npm start stays below its memory limit at rest, with the demo traffic", { skip }, async (t) => {
  t.after(() => rm(stateFolder, { recursive: true, force: true }));
  await withNpmStart(stateFolder, () => {}); // fills Node's compile cache
  const status = await statusAtRest(stateFolder);
  const { memory } = status;
  const measured = Math.round(memory.totalBytes / MEGABYTE);
  const of = megabytesOf(status).map(([component, megabytes]) => `${component} ${megabytes}`);
  t.diagnostic(
    `${measured} MB ${memory.measure} in ${memory.processes} processes (allowed: ${ALLOWED_MB} MB)`,
  );
  t.diagnostic(`MB of each component: ${of.join(", ")}`);
  assert.ok(measured <= ALLOWED_MB, `${measured} MB, allowed: ${ALLOWED_MB} MB; ${of.join(", ")}`);
});
