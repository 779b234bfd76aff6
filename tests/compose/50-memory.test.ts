import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { containerOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { parseMemoryLimit, readComposeFile } from "./file.ts";
import { longRunning } from "./services.ts";

/** Maximum share of the limit in use. `docker stats` does not count the page cache, which the kernel can free. */
const MAX_SHARE = 0.95;

describe("memory, after the other tests", () => {
  const ids = new Map<string, string>();
  const usage = new Map<string, string>();

  before(async () => {
    for (const name of longRunning) ids.set(name, await containerOf(name));
    // In one call, because each takes two seconds.
    const format = "{{.Container}} {{.MemUsage}}";
    for (const line of (await docker("stats", "--no-stream", "--format", format, ...ids.values())).split(
      "\n",
    ))
      usage.set(...(line.split(" ").slice(0, 2) as [id: string, used: string]));
  });

  for (const name of longRunning)
    it(`${name} is within its limit`, async () => {
      const id = ids.get(name) ?? assert.fail();
      const [oom, restarts] = (
        await docker("inspect", "--format", "{{.State.OOMKilled}} {{.RestartCount}}", id)
      ).split(" ");
      assert.equal(oom, "false", "the kernel killed it because it exceeded its limit");
      const used = parseMemoryUsage(usage.get(id) ?? "");
      const limit = parseMemoryLimit(readComposeFile()[name]?.mem_limit ?? "");
      console.log(`    ${name}: ${used.toFixed(0)} of ${limit} MiB, restarted ${restarts} times`);
      assert.ok(used > 0 && used < limit * MAX_SHARE, `${used} of ${limit} MiB`);
      // 40-restart.test.ts killed it once; more restarts are crashes.
      assert.ok(Number(restarts) <= 1, `restarted ${restarts} times`);
    });
});

function parseMemoryUsage(text: string): number {
  const [, number, unit = ""] = /^([\d.]+)(KiB|MiB|GiB|B)$/.exec(text) ?? [];
  return Number(number) * ({ B: 2 ** -20, KiB: 2 ** -10, MiB: 1, GiB: 1024 }[unit] ?? Number.NaN);
}
