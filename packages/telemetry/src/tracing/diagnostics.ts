import { format } from "node:util";
import { type DiagLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { report } from "../delivery/report.ts";
import { sdkLogLevel } from "../env.ts";

/** The number of spans of an accepted batch that the collector permanently rejected, and the reason. */
export interface PartialSuccess {
  rejected?: number;
  reason?: string;
}

const PARTIAL_SUCCESS = "Received Partial Success response:";
let partialSuccess: PartialSuccess = {};

const LEVELS = ["none", "error", "warn", "info", "debug", "verbose"];
/** The log level of the SDK: OTEL_LOG_LEVEL. An operator could not act on most of its warnings. */
const most = sdkLogLevel === "all" ? LEVELS.length : LEVELS.indexOf(sdkLogLevel);

const say =
  (level: number) =>
  (message: string, ...details: unknown[]): void => {
    if (level <= most) report(format(message, ...details));
  };

/** Writes the SDK's own messages to stderr, line by line, and counts a partial success. */
const logger: DiagLogger = {
  error: say(1),
  warn(message, ...details) {
    if (message === PARTIAL_SUCCESS) partialSuccess = read(String(details[0]));
    say(2)(message, ...details);
  },
  info: say(3),
  debug: say(4),
  verbose: say(5),
};

/** Listens to the SDK's own diagnostics, because the OTLP exporter reports a partial success nowhere else. */
export function listenToDiagnostics(): void {
  const logLevel = most <= 2 ? DiagLogLevel.WARN : DiagLogLevel.ALL;
  diag.setLogger(logger, { logLevel, suppressOverrideMessage: true });
}

/**
 * Returns the rejected spans in the response of the last export, once. Exports do not overlap, so they belong to that
 * export.
 */
export function takePartialSuccess(): PartialSuccess {
  const taken = partialSuccess;
  partialSuccess = {};
  return taken;
}

function read(json: string): PartialSuccess {
  const partial = JSON.parse(json) as { rejectedSpans?: number | string; errorMessage?: string };
  return { rejected: Number(partial.rejectedSpans ?? 0), reason: partial.errorMessage ?? "" };
}
