import { Counter, Gauge, Histogram } from "prom-client";
import { logger } from "../logs/logger.ts";
import { LATENCY_BUCKETS, MESSAGE_BUCKETS, registry } from "./registry.ts";

const registers = [registry];

/**
 * The labels of one finished HTTP request. `http_route` is a template and never a path, so that the number of series is
 * bounded.
 */
export interface HttpLabels {
  http_request_method: string;
  http_route: string;
  http_response_status_code: string;
}

const labelNames = ["http_request_method", "http_route", "http_response_status_code"] as const;

export const httpServerDuration = new Histogram({
  name: "http_server_request_duration_seconds",
  help: "Duration of HTTP requests, from the request's headers to the last byte of the response.",
  labelNames,
  buckets: LATENCY_BUCKETS,
  enableExemplars: true,
  registers,
});

const active = new Map([["GET", 0]]);
new Gauge({
  name: "http_server_active_requests",
  help: "HTTP requests in progress.",
  labelNames: ["http_request_method"] as const,
  registers,
  collect() {
    for (const [method, requests] of active) this.set({ http_request_method: method }, requests);
  },
});

/** Counts a request that begins (1) or ends (-1). */
export function countActive(method: string, change: 1 | -1): void {
  active.set(method, (active.get(method) ?? 0) + change);
}

const connectionsRefused = new Counter({
  name: "http_server_connections_refused_total",
  help: "Connections that were closed at once because too many were open.",
  registers,
});
let refusalReported = false;

/** Counts a connection that the server closes because it has too many, and logs the first of them. */
export function connectionRefused(): void {
  connectionsRefused.inc();
  if (!refusalReported)
    logger.warn("too many connections are open, more are refused (http_server_connections_refused_total)");
  refusalReported = true;
}

export const httpRequestsShed = new Counter({
  name: "http_server_requests_shed_total",
  help: "HTTP requests that were rejected at once because too many were waiting.",
  labelNames: ["http_route"] as const,
  registers,
});

export const httpClientDuration = new Histogram({
  name: "http_client_request_duration_seconds",
  help: "Duration of HTTP requests to other services, to the last byte of the response. Without a response the status is timeout, aborted or error.",
  labelNames,
  buckets: LATENCY_BUCKETS,
  enableExemplars: true,
  registers,
});

export const httpStreamFirstMessage = new Histogram({
  name: "http_server_stream_time_to_first_message_seconds",
  help: "Time from the request to the first message of an event stream.",
  labelNames: ["http_route"] as const,
  buckets: LATENCY_BUCKETS,
  enableExemplars: true,
  registers,
});

export const httpStreamMessages = new Histogram({
  name: "http_server_stream_messages",
  help: "Messages sent in one event stream.",
  labelNames: ["http_route"] as const,
  buckets: MESSAGE_BUCKETS,
  registers,
});

export const httpStreamCancellations = new Counter({
  name: "http_server_stream_cancellations_total",
  help: "Event streams that the client cancelled.",
  labelNames: ["http_route"] as const,
  registers,
});

export const httpStreamErrors = new Counter({
  name: "http_server_stream_errors_total",
  help: "Event streams that failed after their start.",
  labelNames: ["http_route"] as const,
  registers,
});

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Returns the method as a label. A client can send any method, so unusual ones share one value. */
export const methodLabel = (method: string): string => (METHODS.has(method) ? method : "_OTHER");

/** A route for `initHttpRoutes` and `initFetchRoutes`. */
export interface KnownRoute {
  /** The default is GET. */
  method?: string;
  /** The template: `/orders/:id`. */
  route: string;
  /** Whether it can respond with an event stream. */
  streams?: boolean;
}

const KNOWN_STATUSES = ["200", "400", "499", "500", "502", "503", "504"];

/** The status label of a request to another service that got no response. */
export const NO_RESPONSE = ["timeout", "aborted", "error"] as const;

/**
 * Starts the series of known routes at 0. Otherwise a series would begin with its first event, which `rate()` does not
 * count.
 */
export function zeroRoutes(
  histogram: Histogram<keyof HttpLabels>,
  routes: readonly KnownRoute[],
  outcomes: readonly string[] = [],
): void {
  for (const { method = "GET", route } of routes)
    for (const status of [...KNOWN_STATUSES, ...outcomes])
      histogram.zero({ http_request_method: method, http_route: route, http_response_status_code: status });
}

/** Starts the stream series of the routes that stream at 0. */
export function zeroStreams(routes: readonly KnownRoute[]): void {
  for (const { route } of routes.filter(({ streams }) => streams)) {
    for (const histogram of [httpStreamFirstMessage, httpStreamMessages])
      histogram.zero({ http_route: route });
    for (const counter of [httpStreamCancellations, httpStreamErrors]) counter.inc({ http_route: route }, 0);
  }
}
