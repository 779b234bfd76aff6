import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "@opentelemetry/api";

/** A request that `observedFetch` is making. */
export interface OutgoingRequest {
  method: string;
  /** The template of what is called. */
  route: string;
  /** By `performance.now()`. */
  startedAt: number;
  exemplarLabels: Record<string, string>;
  /** What its caller may end it by. */
  signal?: AbortSignal | null | undefined;
  /** Of the answer, once its headers are here. */
  status?: number;
}

/** The request on whose behalf the code here runs, down to the requests that undici makes. */
export const outgoing = new AsyncLocalStorage<OutgoingRequest>();

/** Names a client span `GET /a/hello` where the route is known; otherwise it stays `GET`. */
export function nameByRoute(span: Span): void {
  const request = outgoing.getStore();
  if (!request) return;
  span.updateName(`${request.method} ${request.route}`).setAttribute("url.template", request.route);
}
