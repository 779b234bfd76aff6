import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { REPOSITORY } from "@lgtm-lab/stack";
import { execa } from "execa";
import { onlyComplete } from "../runner/env.ts";
import { withNpmStart } from "./npm-start.ts";

/** The memory that `lab status` measured (docs/start-and-memory.md), plus about 8 %. */
const ALLOWED_MB = 790;
/**
 * After this time each service has collected garbage, Tempo has written a block, and the demo traffic has reached all
 * code.
 */
const SETTLED_MS = 120_000;
const MEGABYTE = 2 ** 20;

/** The fields of `lab status --json` that this test reads. */
interface Status {
  readonly memory: { readonly measure: string; readonly processes: number; readonly totalBytes: number };
  readonly components: readonly { readonly component: string; readonly memoryBytes: number | null }[];
}

const state = await mkdtemp(join(tmpdir(), "lgtm-lab-memory-"));
const skip =
  onlyComplete ||
  (process.platform !== "linux" &&
    "the limit applies to the proportional set size, which only Linux provides");

test("npm start stays below its memory limit at rest, with the demo traffic", { skip }, async (t) => {
  t.after(() => rm(state, { recursive: true, force: true }));
  // Fills Node's compile cache. Otherwise each process strips types itself, which takes 25 MB.
  await withNpmStart(state, () => {});
  const { memory, components } = await withNpmStart(state, async () => {
    await delay(SETTLED_MS); // not a synchronisation: the test measures the state after two minutes
    const lab = [join(REPOSITORY, "packages/stack/src/cli/main.ts"), "status", "--json"];
    const { stdout } = await execa(process.execPath, lab, { env: { LAB_STATE: state } });
    return JSON.parse(stdout) as Status;
  });
  const measured = Math.round(memory.totalBytes / MEGABYTE);
  const of = components.map(
    ({ component, memoryBytes }) => `${component} ${Math.round((memoryBytes ?? 0) / MEGABYTE)}`,
  );
  t.diagnostic(
    `${measured} MB ${memory.measure} in ${memory.processes} processes (allowed: ${ALLOWED_MB} MB)`,
  );
  t.diagnostic(`MB of each component: ${of.join(", ")}`);
  assert.ok(measured <= ALLOWED_MB, `${measured} MB, allowed: ${ALLOWED_MB} MB; ${of.join(", ")}`);
});
