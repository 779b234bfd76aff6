import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { trace } from "@opentelemetry/api";
import { ATTR_HTTP_ROUTE } from "@opentelemetry/semantic-conventions";
import type { Context, Handler, MiddlewareHandler, Next } from "hono";
import { matchedRoutes } from "hono/route";
import { logger, logIn } from "./logs/logger.ts";
import {
  countActive,
  httpRequestsShed,
  httpServerDuration,
  httpStreamCancellations,
  httpStreamErrors,
  httpStreamFirstMessage,
  httpStreamMessages,
  type KnownRoute,
  methodLabel,
  zeroRoutes,
  zeroStreams,
} from "./metrics/http.ts";
import { registry } from "./metrics/registry.ts";
import { activeSpanContext, exemplarOf } from "./tracing/active.ts";
import { isExcluded } from "./tracing/excluded-paths.ts";
import { CLIENT_CLOSED_REQUEST, declareFailed, finalStatus } from "./tracing/http-hooks.ts";

export { connectionRefused, type KnownRoute } from "./metrics/http.ts";

/**
 * Observes every request of a Hono app, exactly once, when its response is complete or its client has disconnected:
 * duration with exemplar, requests in progress, one access log line, and the route on the span that the http
 * instrumentation started. Use it first. `/healthz`, `/readyz` and `/metrics` are not observed.
 */
export function observe(): MiddlewareHandler {
  return function observe(c, next) {
    if (isExcluded(c.req.path)) return next();
    const end = begin(c);
    const outgoing = outgoingOf(c);
    if (!outgoing) return untilReturned(c, next, end);
    // This does not use outgoing.on(), because the instrumentation wraps its listeners to restore the trace, which
    // `end` remembers itself.
    EventEmitter.prototype.on.call(outgoing, "close", () => end(finalStatus(outgoing), c.error));
    return next();
  };
}

type End = (status: number, error?: Error) => void;

async function untilReturned(c: Context, next: Next, end: End): Promise<void> {
  try {
    await next();
  } finally {
    end(c.error && c.res.status < 400 ? 500 : c.res.status, c.error);
  }
}

function begin(c: Context): End {
  const startedAt = performance.now();
  const method = methodLabel(c.req.method);
  const route = routeOf(c);
  const path = c.req.path;
  const span = trace.getActiveSpan();
  const spanContext = activeSpanContext();
  span?.setAttribute(ATTR_HTTP_ROUTE, route).updateName(`${method} ${route}`);
  countActive(method, 1);

  return function end(status, error) {
    const seconds = (performance.now() - startedAt) / 1000;
    countActive(method, -1);
    httpServerDuration.observe({
      labels: { http_request_method: method, http_route: route, http_response_status_code: String(status) },
      value: seconds,
      exemplarLabels: exemplarOf(spanContext),
    });
    const duration_ms = Math.round(seconds * 1e6) / 1000;
    // The variable of Hono's middleware for request ids. A field that is undefined is not written.
    const fields = { method, route, path, status, duration_ms, request_id: c.get("requestId") };
    logIn(spanContext, () => {
      if (status < 500) logger.info(fields, "request");
      else logger.error(error ? { ...fields, err: error } : fields, "request failed");
    });
  };
}

/** Responds to `GET /metrics` in OpenMetrics, regardless of the Accept header. */
export function metricsHandler(): Handler {
  return async function metrics(c) {
    return c.body(await registry.metrics(), 200, { "content-type": registry.contentType });
  };
}

/**
 * Starts the server series of these routes at 0, for the statuses that objectives count; also the series of streams.
 */
export function initHttpRoutes(routes: readonly KnownRoute[]): void {
  zeroRoutes(httpServerDuration, routes);
  zeroStreams(routes);
  for (const { route } of routes) httpRequestsShed.inc({ http_route: route }, 0);
}

/** Counts a request that is rejected because too many are waiting. Its 503 alone could also have other reasons. */
export function countShed(c: Context): void {
  httpRequestsShed.inc({ http_route: routeOf(c) });
}

/** The events of an event stream that its handler reports. */
export interface ObservedStream {
  /** Reports that one message was sent. */
  message(): void;
  /** Reports a failure after the headers were sent with 200. The stream is counted, logged and traced as `status`. */
  failed(status: number, error?: Error): void;
}

/**
 * Observes an event stream: time to the first message, messages, cancellation by the client, failure in the middle.
 * Call it in the handler, before the first message. It detects the end of the stream itself.
 */
export function observeStream(c: Context): ObservedStream {
  const startedAt = performance.now();
  const labels = { http_route: routeOf(c) };
  const outgoing = outgoingOf(c);
  const exemplarLabels = exemplarOf();
  let messages = 0;
  let failed = false;

  outgoing?.once("close", () => {
    httpStreamMessages.observe(labels, messages);
    if (failed || finalStatus(outgoing) >= 500) httpStreamErrors.inc(labels);
    else if (finalStatus(outgoing) === CLIENT_CLOSED_REQUEST) httpStreamCancellations.inc(labels);
  });

  return {
    message() {
      messages += 1;
      if (messages > 1) return;
      const value = (performance.now() - startedAt) / 1000;
      httpStreamFirstMessage.observe({ labels, value, exemplarLabels });
    },
    failed(status, error) {
      failed = true;
      if (error) c.error = error;
      if (outgoing) declareFailed(outgoing, status);
    },
  };
}

/** The route of all requests that match no route, because a path that the client chose must not become a label. */
const UNMATCHED = "unmatched";

/** The route of all CORS preflights, because they request a permission and not the path. */
const PREFLIGHT = "preflight";

/** Returns the template of the route that will respond (`/orders/:id`), before any handler has run. */
function routeOf(c: Context): string {
  if (c.req.method === "OPTIONS" && c.req.header("origin") !== undefined) return PREFLIGHT;
  return matchedRoutes(c).findLast(isEndpoint)?.path ?? UNMATCHED;
}

/** Middleware is registered for all methods and for all paths below one, a handler for one method or one path. */
const isEndpoint = (route: { method: string; path: string }): boolean =>
  route.method !== "ALL" || !route.path.endsWith("*");

/** Returns the Node response of a Hono context; undefined in `app.request()`, which tests use. */
function outgoingOf(c: Context): ServerResponse | undefined {
  return (c.env as { outgoing?: ServerResponse } | undefined)?.outgoing;
}
