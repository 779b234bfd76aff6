import { startUsers } from "../e2e/support/users.ts";
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
 * Sends requests from users of k6 to the gateway. Uses the address of the container, because Docker's proxy for published
 * ports needs CPU time for each request, and fails with thousands of connections.
 */
export async function sendFromUsers(users: number, seconds: number): Promise<LoadTotals> {
  const gateway = `http://${await addressOf("gateway")}:8080`;
  const load = await startUsers(gateway, { users, seconds, testId: "outage" });
  const { succeeded, shed, failed, latencyMs, log, summary } = await load.counted;
  console.log(`    ${succeeded} × 200, p95 ${latencyMs?.p95.toFixed(0)} ms; ${shed} shed, ${failed} failed`);
  // The counts above are without the last response of each user.
  const { http_reqs: all, http_req_failed: not200 } = summary;
  return {
    requests: all.values.count,
    shed: not200.values.passes - failed,
    failures: failed > 0 ? [`${failed} failed`, ...log] : [],
  };
}
