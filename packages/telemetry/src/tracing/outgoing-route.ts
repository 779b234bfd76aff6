import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "@opentelemetry/api";

/** A request that `observedFetch` is making. */
export interface OutgoingRequest {
  method: string;
  /** The template of the called route. */
  route: string;
  /** The start, by `performance.now()`. */
  startedAt: number;
  exemplarLabels: Record<string, string>;
  /** The signal with which the caller may abort it. */
  signal?: AbortSignal | null | undefined;
  /** The status of the response, once its headers have arrived. */
  status?: number;
}

/** The measured request in whose context the current code runs; undici's requests are made in it. */
export const outgoing = new AsyncLocalStorage<OutgoingRequest>();

/** Sets the name of a client span to `GET /orders/:id` if the route is known; otherwise it stays `GET`. */
export function nameByRoute(span: Span): void {
  const request = outgoing.getStore();
  if (!request) return;
  span.updateName(`${request.method} ${request.route}`).setAttribute("url.template", request.route);
}
