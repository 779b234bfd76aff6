import { CALL_BUDGET_MAX_MS, InvalidParamsError, type Protocol, rawQuery } from "@lgtm-lab/contracts";
import { type Call, type Lifecycle, onlyMethods, openCall } from "@lgtm-lab/service-runtime";
import type { Context, Handler, Hono, MiddlewareHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { GetAccessToken } from "../issuer/routes.ts";
import { failureOf, type Upstream, type upstreamsOf } from "../upstreams/upstreams.ts";

/** Longer than the gateway's own deadlines, so that it applies only to a gateway that does not respond. */
const TIMEOUT_MS = CALL_BUDGET_MAX_MS + 5000;
const FORWARDED_HEADERS = ["content-type", "x-trace-id", "server-timing"];

/**
 * `POST /api/try/a/hello` and `POST /api/try/b/numbers`. Sends one request to the gateway that the parameter `backend`
 * (`grpc` or `rest`) selects, with the rest of the query unchanged, and streams its response.
 */
export function tryRoutes(
  app: Hono,
  upstreams: ReturnType<typeof upstreamsOf>,
  options: { lifecycle: Lifecycle; guard: MiddlewareHandler; token: GetAccessToken },
): void {
  const { guard } = options;
  const gateways = { grpc: upstreams.gateway, rest: upstreams.gatewayRest };
  const tryThroughGateway = (path: string, accept: string): Handler =>
    async function tryRequest(c) {
      const { protocol, query } = readTryQuery(c.req.url);
      return await forward(c, gateways[protocol], `${path}?${query}`, accept, options);
    };
  app.post("/api/try/a/hello", guard, tryThroughGateway("/a/hello", "application/json"));
  app.post("/api/try/b/numbers", guard, tryThroughGateway("/b/numbers", "text/event-stream"));
  for (const path of ["/api/try/a/hello", "/api/try/b/numbers"]) onlyMethods(app, path, ["POST"]);
}

/**
 * Reads the gateway and the rest of the query. Does not decode the rest, so that users can send repeated fields and
 * invalid encodings. Throws {@link InvalidParamsError} unless `backend` is given exactly once.
 */
function readTryQuery(url: string): { protocol: Protocol; query: string } {
  const pairs = rawQuery(url).split("&");
  const isProtocol = (pair: string) => pair.startsWith("backend=");
  const values = pairs.filter(isProtocol).map((pair) => pair.slice("backend=".length));
  const [protocol, second] = values;
  if ((protocol !== "grpc" && protocol !== "rest") || second !== undefined)
    throw new InvalidParamsError([
      {
        field: "backend",
        value: values.join(","),
        rule: "must be grpc or rest, and must be given exactly once",
      },
    ]);
  const others = pairs.filter((pair) => !isProtocol(pair));
  // Encode `#`, which would end the query. fetch changes no other character.
  return { protocol, query: others.join("&").replaceAll("#", "%23") };
}

/** Streams the gateway's response. Cancels the request if the client disconnects. */
async function forward(
  c: Context,
  gateway: Upstream,
  pathAndQuery: string,
  accept: string,
  { lifecycle, token }: { lifecycle: Lifecycle; token: GetAccessToken },
): Promise<Response> {
  const call = openCall({
    budgetMs: TIMEOUT_MS,
    client: c.req.raw.signal,
    shutdownSignal: lifecycle.shutdownSignal,
  });
  try {
    const accessToken = await token();
    const response = await fetch(gateway.address + pathAndQuery, {
      headers: {
        accept,
        "accept-encoding": "identity",
        ...(accessToken && { authorization: `Bearer ${accessToken}` }),
      },
      redirect: "manual",
      signal: call.signal,
    });
    const headers: Record<string, string> = { "x-accel-buffering": "no" };
    for (const name of FORWARDED_HEADERS) {
      const value = response.headers.get(name);
      if (value !== null) headers[name] = value;
    }
    const body = disposeAtEnd(response.body ?? new Blob([]).stream(), call);
    return c.body(body, response.status as ContentfulStatusCode, headers);
  } catch (error) {
    call[Symbol.dispose]();
    throw failureOf(error, gateway, call, { responded: false });
  }
}

/** Wraps a body so that the call is disposed when the body ends, fails or is cancelled. */
function disposeAtEnd(body: ReadableStream<Uint8Array<ArrayBuffer>>, call: Call) {
  const dispose = () => call[Symbol.dispose]();
  const reader = body.getReader();
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        dispose();
        controller.close();
      } catch (error) {
        dispose();
        controller.error(error);
      }
    },
    async cancel(reason) {
      dispose();
      await reader.cancel(reason);
    },
  });
}
