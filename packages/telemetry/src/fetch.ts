import { subscribe } from "node:diagnostics_channel";
import { httpClientDuration, type KnownRoute, methodLabel, NO_RESPONSE, zeroRoutes } from "./metrics/http.ts";
import { exemplarOf } from "./tracing/active.ts";
import { type OutgoingRequest, outgoing } from "./tracing/outgoing-route.ts";

/** The measured request to which a request of undici belongs. */
const owners = new WeakMap<object, OutgoingRequest>();

interface Message {
  request: object;
  response?: { statusCode: number };
  error?: Error;
}

// Node's fetch is undici. These channels report when the whole body has arrived; fetch() itself resolves with the
// headers.
subscribe("undici:request:create", (message) => {
  const owner = outgoing.getStore();
  if (owner) owners.set((message as Message).request, owner);
});
on("headers", (owner, { response }) => {
  if (response) owner.status = response.statusCode;
});
on("trailers", (owner) => finish(owner, String(owner.status)));
// Before there is a connection, undici reports every abort as an AbortError; only the signal knows the reason.
on("error", (owner, { error }) =>
  finish(owner, outcome(owner.signal?.aborted ? owner.signal.reason : error)),
);

function on(event: string, handle: (owner: OutgoingRequest, message: Message) => void): void {
  subscribe(`undici:request:${event}`, (message) => {
    const owner = owners.get((message as Message).request);
    if (owner) handle(owner, message as Message);
  });
}

/** Returns the value of the label `http_response_status_code` if there was no complete response. */
function outcome(error: Error | undefined): (typeof NO_RESPONSE)[number] {
  const { name = "", code = "" } = (error ?? {}) as { name?: string; code?: string };
  if (name === "TimeoutError" || String(code).includes("TIMEOUT")) return "timeout";
  return name === "AbortError" ? "aborted" : "error";
}

function finish(request: OutgoingRequest, status: string): void {
  httpClientDuration.observe({
    labels: {
      http_request_method: request.method,
      http_route: request.route,
      http_response_status_code: status,
    },
    value: (performance.now() - request.startedAt) / 1000,
    exemplarLabels: request.exemplarLabels,
  });
}

/**
 * Calls `fetch` and measures the request to the last byte of the body (`http_client_request_duration_seconds`). The
 * caller must read or cancel the body. `route` is the template of the called route. It becomes a label and the span's
 * name, so it must come from a fixed set.
 */
export function observedFetch(
  input: string | URL,
  { route, ...init }: RequestInit & { route: string },
): Promise<Response> {
  const method = methodLabel(init.method ?? "GET");
  const startedAt = performance.now();
  const request = { method, route, startedAt, exemplarLabels: exemplarOf(), signal: init.signal };
  return outgoing.run(request, () => fetch(input, init));
}

/** Starts the client series of these routes at 0. */
export function initFetchRoutes(routes: readonly KnownRoute[]): void {
  zeroRoutes(httpClientDuration, routes, NO_RESPONSE);
}
