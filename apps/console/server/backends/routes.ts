import { failureReason } from "@lgtm-lab/contracts";
import { onlyMethods } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import type { BackendState } from "../../shared/api.ts";
import { type Backend, fixOf, PROBE_MS } from "./backends.ts";

const CACHE_MS = 1000;
/** Maximum length of a backend's response in a message, in characters. */
const SHOWN = 160;

/** `GET /api/backends`: the state of each backend, with the problem and a fix if it is down. */
export function backendRoutes(app: Hono, backends: readonly Backend[]): void {
  const states = cachedStates(backends);
  app.get("/api/backends", async function listBackends(c) {
    return c.json(await states());
  });
  onlyMethods(app, "/api/backends", ["GET", "HEAD"]);
}

/** Probes all backends in parallel, at most once a second for all clients together. */
function cachedStates(backends: readonly Backend[]): () => Promise<BackendState[]> {
  let probedAt = Number.NEGATIVE_INFINITY;
  let states: Promise<BackendState[]> | undefined;
  return () => {
    if (states === undefined || performance.now() - probedAt > CACHE_MS) {
      probedAt = performance.now();
      states = Promise.all(backends.map(probe));
    }
    return states;
  };
}

/** Probes whether a backend is ready. Never rejects. */
async function probe(backend: Backend): Promise<BackendState> {
  const { name, title, address, ready } = backend;
  const down = (problem: string) => ({ name, up: false, problem, fix: fixOf(backend) });
  try {
    const answer = await fetch(address + ready, {
      signal: AbortSignal.timeout(PROBE_MS),
      redirect: "manual",
    });
    if (answer.ok) {
      await answer.body?.cancel();
      return { name, up: true };
    }
    const text = (await answer.text()).trim().slice(0, SHOWN);
    return down(`${title} (${address}) is not ready: ${answer.status} ${text}`);
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError")
      return down(`${title} (${address}) did not respond within ${PROBE_MS} ms.`);
    return down(`${title} cannot be reached at ${address} (${failureReason(error)}).`);
  }
}
