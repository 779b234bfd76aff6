import type { Context } from "hono";
import {
  httpStreamCancellations,
  httpStreamErrors,
  httpStreamFirstMessage,
  httpStreamMessages,
} from "../metrics/http.ts";
import { exemplarOf } from "../tracing/active.ts";
import { CLIENT_CLOSED_REQUEST, declareFailed, finalStatus } from "../tracing/http-hooks.ts";
import { outgoingOf } from "./outgoing.ts";
import { routeOf } from "./route.ts";

/** What a handler tells about the event stream it sends. */
export interface ObservedStream {
  /** One message was sent. */
  message(): void;
  /** The stream broke after its headers were out with 200: count, log and trace it as `status`. */
  failed(status: number, error?: Error): void;
}

/**
 * Observes an event stream: time to the first message, messages, cancellation by the client, failure in the middle.
 * Call it in the handler, before the first message. It notices the end by itself.
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
