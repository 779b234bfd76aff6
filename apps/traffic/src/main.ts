import { SCOPES } from "@lgtm-lab/contracts";
import { collectGarbageAtRest } from "@lgtm-lab/service-runtime/collect-garbage";
import { readEnv } from "./env.ts";
import { getStatus } from "./get.ts";
import { openLoop } from "./open-loop.ts";
import { plan } from "./plan.ts";

const RESPONSE_MS = 10_000;
const MAX_IN_FLIGHT = 200;
const SUMMARY_MS = 60_000;

const { GATEWAY_URL, GATEWAY_REST_URL, LAB_TRAFFIC_RPS, ...env } = readEnv();
const gateways = { grpc: GATEWAY_URL, rest: GATEWAY_REST_URL };
const stopping = new AbortController();
const counts: Record<string, number> = {};

/** Returns the access token for a request, if the gateways require one. */
const token = await tokens();

async function tokens(): Promise<(() => Promise<string>) | undefined> {
  if (!env.AUTH_ISSUER) return undefined;
  const { tokenSource } = await import("@lgtm-lab/issuer");
  return tokenSource(env.LAB_STATE, { issuer: env.AUTH_ISSUER, subject: "traffic", scopes: SCOPES });
}

/** Never rejects, because a gateway that is down is a normal condition for the traffic. */
async function send(index: number): Promise<void> {
  const { gateway, path } = plan(index);
  try {
    const headers = token && { authorization: `Bearer ${await token()}` };
    count(`${await getStatus(gateways[gateway] + path, AbortSignal.timeout(RESPONSE_MS), headers)}`);
  } catch {
    count("no response");
  }
}

function count(outcome: string): void {
  counts[outcome] = (counts[outcome] ?? 0) + 1;
}

function summarize(): void {
  const outcomes = Object.entries(counts).map(([outcome, times]) => `${times} × ${outcome}`);
  console.log(`${new Date().toISOString()} so far: ${outcomes.join(", ") || "nothing"}`);
}

// Before the line that reports the start, because a reader of that line may stop the program at once.
process.once("SIGTERM", () => stopping.abort());
console.log(`${LAB_TRAFFIC_RPS} requests a second to ${gateways.grpc} and ${gateways.rest}`);
collectGarbageAtRest();
setInterval(summarize, SUMMARY_MS).unref();
await openLoop({
  perSecond: LAB_TRAFFIC_RPS,
  maxInFlight: MAX_IN_FLIGHT,
  send,
  skipped: () => count("not sent"),
  signal: stopping.signal,
});
summarize();
