import { EventEmitter } from "node:events";
import { trace } from "@opentelemetry/api";
import { ATTR_HTTP_ROUTE } from "@opentelemetry/semantic-conventions";
import type { Context, Handler, MiddlewareHandler, Next } from "hono";
import { logger, logIn } from "../logs/logger.ts";
import {
  countActive,
  httpServerDuration,
  type KnownRoute,
  methodLabel,
  zeroRoutes,
  zeroStreams,
} from "../metrics/http.ts";
import { registry } from "../metrics/registry.ts";
import { activeSpanContext, exemplarOf } from "../tracing/active.ts";
import { finalStatus } from "../tracing/http-hooks.ts";
import { isUntraced } from "../tracing/untraced.ts";
import { outgoingOf } from "./outgoing.ts";
import { routeOf } from "./route.ts";

/**
 * Observes every request of a Hono app, exactly once, when its answer is out or its client gone: duration with
 * exemplar, requests in progress, one access log line, and the route on the span that the http instrumentation started.
 * Use it first. `/healthz`, `/readyz` and `/metrics` are left alone.
 */
export function observe(): MiddlewareHandler {
  return function observe(c, next) {
    if (isUntraced(c.req.path)) return next();
    const end = begin(c);
    const outgoing = outgoingOf(c);
    if (!outgoing) return untilReturned(c, next, end);
    // Not outgoing.on(): the instrumentation has it wrap each listener to restore the trace, which `end` remembers itself.
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
    const fields = { method, route, path, status, duration_ms: Math.round(seconds * 1e6) / 1000 };
    logIn(spanContext, () => {
      if (status < 500) logger.info(fields, "request");
      else logger.error(error ? { ...fields, err: error } : fields, "request failed");
    });
  };
}

/** Answers `GET /metrics` in OpenMetrics, whatever the client accepts. */
export function metricsHandler(): Handler {
  return async function metrics(c) {
    return c.body(await registry.metrics(), 200, { "content-type": registry.contentType });
  };
}

/** Starts the server series of these routes at 0, for the statuses an objective counts; those of streams too. */
export function initHttpRoutes(routes: readonly KnownRoute[]): void {
  zeroRoutes(httpServerDuration, routes);
  zeroStreams(routes);
}
