import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { containerOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { mebibytes, readComposeFile } from "./file.ts";
import { lasting } from "./services.ts";

/** The share of a limit that may be in use without the cache, which the kernel frees when memory is needed. */
const SHARE = 0.95;

describe("memory, after the other tests", () => {
  for (const name of lasting)
    it(`${name} is within its limit`, async () => {
      const id = await containerOf(name);
      const [oom, restarts] = (
        await docker("inspect", "--format", "{{.State.OOMKilled}} {{.RestartCount}}", id)
      ).split(" ");
      assert.equal(oom, "false", "it was killed because it had no memory left");
      const usage = await docker("stats", "--no-stream", "--format", "{{.MemUsage}}", id);
      const used = inMebibytes(usage.split(" / ")[0] ?? "");
      const limit = mebibytes(readComposeFile()[name]?.mem_limit ?? "");
      console.log(`    ${name}: ${used.toFixed(0)} of ${limit} MiB, restarted ${restarts} times`);
      assert.ok(used > 0 && used < limit * SHARE, `${used} of ${limit} MiB`);
      // The previous test killed it once; more restarts would be crashes.
      assert.ok(Number(restarts) <= 1, `restarted ${restarts} times`);
    });
});

function inMebibytes(text: string): number {
  const [, number, unit = ""] = /^([\d.]+)(KiB|MiB|GiB|B)$/.exec(text) ?? [];
  return Number(number) * ({ B: 2 ** -20, KiB: 2 ** -10, MiB: 1, GiB: 1024 }[unit] ?? Number.NaN);
}
