import { failureReason } from "@lgtm-lab/contracts";
import { onlyMethods } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import type { BackendState } from "../../shared/api.ts";
import { type Backend, fixOf, PROBE_MS } from "./backends.ts";

const CACHE_MS = 1000;
/** How much of a backend's answer a message contains, in characters. */
const SHOWN = 160;

/** `GET /api/backends`: whether each backend is up, and otherwise what is wrong and how to fix it. */
export function backendRoutes(app: Hono, backends: readonly Backend[]): void {
  const states = cachedStates(backends);
  app.get("/api/backends", async function listBackends(c) {
    return c.json(await states());
  });
  onlyMethods(app, "/api/backends", ["GET", "HEAD"]);
}

/** Probes all backends at once, at most once a second, no matter how many clients ask. */
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

/** Whether a backend is ready; it has half a second to answer. Never rejects. */
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
      return down(`${title} (${address}) did not answer within ${PROBE_MS} ms.`);
    return down(`${title} cannot be reached at ${address} (${failureReason(error)}).`);
  }
}
