import { failureReason } from "@lgtm-lab/contracts";
import { onlyMethods } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import type { UpstreamState } from "../../shared/api.ts";
import { fixOf, PROBE_MS, type Upstream } from "./upstreams.ts";

const CACHE_MS = 1000;
/** Maximum length of an upstream's response in a message, in characters. */
const MAX_RESPONSE_LENGTH = 160;

/** `GET /api/backends`: the state of each upstream, with the problem and a fix if it is down. */
export function upstreamRoutes(app: Hono, upstreams: readonly Upstream[]): void {
  const readStates = cachedStates(upstreams);
  app.get("/api/backends", async function listUpstreams(c) {
    return c.json(await readStates());
  });
  onlyMethods(app, "/api/backends", ["GET", "HEAD"]);
}

/** Probes all upstreams in parallel, at most once a second for all clients together. */
function cachedStates(upstreams: readonly Upstream[]): () => Promise<UpstreamState[]> {
  let probedAt = Number.NEGATIVE_INFINITY;
  let states: Promise<UpstreamState[]> | undefined;
  return () => {
    if (states === undefined || performance.now() - probedAt > CACHE_MS) {
      probedAt = performance.now();
      states = Promise.all(upstreams.map(probe));
    }
    return states;
  };
}

/** Probes whether an upstream is ready. Never rejects. */
async function probe(upstream: Upstream): Promise<UpstreamState> {
  const { name, title, address, ready } = upstream;
  const down = (problem: string) => ({ name, up: false, problem, fix: fixOf(upstream) });
  try {
    const response = await fetch(address + ready, {
      signal: AbortSignal.timeout(PROBE_MS),
      redirect: "manual",
    });
    if (response.ok) {
      await response.body?.cancel();
      return { name, up: true };
    }
    const text = (await response.text()).trim().slice(0, MAX_RESPONSE_LENGTH);
    return down(`${title} (${address}) is not ready: ${response.status} ${text}`);
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError")
      return down(`${title} (${address}) did not respond within ${PROBE_MS} ms.`);
    return down(`${title} cannot be reached at ${address} (${failureReason(error)}).`);
  }
}
