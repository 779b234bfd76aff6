import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startK6 } from "@lgtm-lab/load";
import { k6Program, resolveTool } from "@lgtm-lab/stack";
import { urls } from "../e2e/support/lab.ts";
import { addressOf } from "./stack.ts";

/** What the clients of a load have counted. */
export interface LoadTotals {
  readonly requests: number;
  /** Responses that reject a request with 503 and `Retry-After`. */
  readonly shed: number;
  /** A description of each other response that is not 200; k6 describes only the first one of each user. */
  readonly failures: readonly string[];
}

/**
 * Sends requests from users of k6 to the gateway, as `lab load` does: both routes, and the next request of a user after
 * the response to the last one. Uses the address of the container, because Docker's proxy for published ports needs CPU
 * time for each request, and fails with thousands of connections.
 */
export async function sendFromUsers(users: number, seconds: number): Promise<LoadTotals> {
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-users-"));
  const [summaryFile, logFile] = [join(folder, "summary.json"), join(folder, "log")];
  const { prometheus } = await urls();
  try {
    const k6 = await startK6(
      { protocol: "grpc", users, seconds, warmUpS: 0 },
      {
        program: await resolveTool("k6", k6Program),
        env: {},
        gateway: `http://${await addressOf("gateway")}:8080`,
        remoteWrite: `${prometheus}/api/v1/write`,
        testId: "outage",
        summaryFile,
        logFile,
      },
    );
    const counts = await k6.ended;
    assert.ok(counts, "k6 has not started the load");
    const log = await readFile(logFile, "utf8").catch(() => "");
    const { succeeded, failed, latencyMs } = counts;
    console.log(
      `    ${succeeded} × 200, p95 ${latencyMs?.p95.toFixed(0)} ms; ${counts.shed} shed, ${failed} failed`,
    );
    // The counts above are without the last response of each user.
    const { http_reqs: all, http_req_failed: not200 } = JSON.parse(await readFile(summaryFile, "utf8"));
    return {
      requests: all.values.count,
      shed: not200.values.passes - failed,
      failures: failed > 0 ? [`${failed} failed`, ...log.split("\n").filter(Boolean)] : [],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
