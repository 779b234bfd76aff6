import { type DiagLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { complain } from "../delivery/complain.ts";

/** How many spans of an accepted batch the collector refused for good, and why. */
export interface PartialSuccess {
  refused?: number;
  reason?: string;
}

const PARTIAL_SUCCESS = "Received Partial Success response:";
let partialSuccess: PartialSuccess = {};

/**
 * The SDK's errors about itself go to stderr; a partial success is counted. Its other warnings are dropped, as they are
 * without a logger: that a span was ended twice is nothing that an operator could act on.
 */
const logger: DiagLogger = {
  error: (message, ...details) => complain([message, ...details].join(" ")),
  warn(message, ...details) {
    if (message === PARTIAL_SUCCESS) partialSuccess = read(String(details[0]));
  },
  info() {},
  debug() {},
  verbose() {},
};

/** Listens to the SDK's own diagnostics: the OTLP exporter tells of a partial success nowhere else. */
export function listenToDiagnostics(): void {
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

/** What the last export's answer said of refused spans; forgets it. Exports come one at a time, so it is that one's. */
export function takePartialSuccess(): PartialSuccess {
  const taken = partialSuccess;
  partialSuccess = {};
  return taken;
}

function read(json: string): PartialSuccess {
  const partial = JSON.parse(json) as { rejectedSpans?: number | string; errorMessage?: string };
  return { refused: Number(partial.rejectedSpans ?? 0), reason: partial.errorMessage ?? "" };
}
