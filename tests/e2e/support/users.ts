import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startK6 } from "@lgtm-lab/load";
import { k6Program, resolveTool } from "@lgtm-lab/stack";
import { urls } from "./lab.ts";

/**
 * Starts users of k6, who send requests to a gateway as in `lab load`: both routes, and the next request of a user after
 * the response to the last one.
 * @returns `stop`, which ends the load before its time, and what k6 has counted.
 */
export async function startUsers(
  gateway: string,
  { users, seconds, testId }: { users: number; seconds: number; testId: string },
) {
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-users-"));
  const [summaryFile, logFile] = [join(folder, "summary.json"), join(folder, "log")];
  const { prometheus } = await urls();
  const k6 = await startK6(
    { protocol: "grpc", users, seconds, warmUpS: 0 },
    {
      program: await resolveTool("k6", k6Program),
      env: {},
      gateway,
      remoteWrite: `${prometheus}/api/v1/write`,
      testId,
      summaryFile,
      logFile,
    },
  );

  async function counted() {
    try {
      const counts = await k6.ended;
      assert.ok(counts, "k6 has not started the load");
      const log = await readFile(logFile, "utf8").catch(() => "");
      const summary = JSON.parse(await readFile(summaryFile, "utf8"));
      return { ...counts, log: log.split("\n").filter(Boolean), summary };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return { stop: k6.stop, counted: counted() };
}
