import { CALL_BUDGET_MAX_MS } from "@lgtm-lab/contracts";
import { type Call, type Lifecycle, openCall } from "@lgtm-lab/service-runtime";
import type { Context, Handler, Hono, MiddlewareHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Backend, backendsOf } from "../backends/backends.ts";
import { failureOf } from "../backends/failure.ts";
import { onlyMethods } from "../guard/methods.ts";
import { readTry } from "./read-try.ts";

/** The gateway keeps its own deadlines; this one is for a gateway that does not. */
const TIMEOUT_MS = CALL_BUDGET_MAX_MS + 5000;
const PASSED_BACK = ["content-type", "x-trace-id", "server-timing"];

/**
 * `POST /api/try/a/hello` and `POST /api/try/b/numbers`, with `backend=grpc` or `rest` in the query: one request through
 * that gateway, with the rest of the query as it was typed, and its answer as it comes.
 */
export function tryRoutes(
  app: Hono,
  backends: ReturnType<typeof backendsOf>,
  { lifecycle, guard }: { lifecycle: Lifecycle; guard: MiddlewareHandler },
): void {
  const gateways = { grpc: backends.gateway, rest: backends.gatewayRest };
  const through = (path: string, accept: string): Handler =>
    async function tryRequest(c) {
      const { backend, query } = readTry(c.req.url);
      return await passOn(c, gateways[backend], `${path}?${query}`, accept, lifecycle);
    };
  app.post("/api/try/a/hello", guard, through("/a/hello", "application/json"));
  app.post("/api/try/b/numbers", guard, through("/b/numbers", "text/event-stream"));
  for (const path of ["/api/try/a/hello", "/api/try/b/numbers"]) onlyMethods(app, path, "POST");
}

/** The gateway's answer: its head at once, its body as it arrives. A client that leaves ends the request behind it. */
async function passOn(
  c: Context,
  gateway: Backend,
  pathAndQuery: string,
  accept: string,
  lifecycle: Lifecycle,
): Promise<Response> {
  const call = openCall({ budgetMs: TIMEOUT_MS, client: c.req.raw.signal, cutOff: lifecycle.cutOff });
  try {
    const answer = await fetch(gateway.address + pathAndQuery, {
      headers: { accept, "accept-encoding": "identity" },
      redirect: "manual",
      signal: call.signal,
    });
    const headers: Record<string, string> = { "x-accel-buffering": "no" };
    for (const name of PASSED_BACK) {
      const value = answer.headers.get(name);
      if (value !== null) headers[name] = value;
    }
    const body = untilItsEnd(answer.body ?? new Blob([]).stream(), call);
    return c.body(body, answer.status as ContentfulStatusCode, headers);
  } catch (error) {
    call[Symbol.dispose]();
    throw failureOf(error, gateway, call, false);
  }
}

/** The body of an answer; the call is over with it, whether it ends, breaks off or is not wanted any more. */
function untilItsEnd(body: ReadableStream<Uint8Array<ArrayBuffer>>, call: Call) {
  const over = () => call[Symbol.dispose]();
  const reader = body.getReader();
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        over();
        controller.close();
      } catch (error) {
        over();
        controller.error(error);
      }
    },
    async cancel(reason) {
      over();
      await reader.cancel(reason);
    },
  });
}
