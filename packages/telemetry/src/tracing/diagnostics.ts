import { format } from "node:util";
import { type DiagLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { complain } from "../delivery/complain.ts";
import { sdkLogLevel } from "../env.ts";

/** How many spans of an accepted batch the collector refused for good, and why. */
export interface PartialSuccess {
  refused?: number;
  reason?: string;
}

const PARTIAL_SUCCESS = "Received Partial Success response:";
let partialSuccess: PartialSuccess = {};

const LEVELS = ["none", "error", "warn", "info", "debug", "verbose"];
/** How much the SDK says about itself: OTEL_LOG_LEVEL. Most of its warnings are nothing that an operator could act on. */
const most = sdkLogLevel === "all" ? LEVELS.length : LEVELS.indexOf(sdkLogLevel);

const say =
  (level: number) =>
  (message: string, ...details: unknown[]): void => {
    if (level <= most) complain(format(message, ...details));
  };

/** What the SDK says about itself goes to stderr, line by line; a partial success is counted. */
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

/** Listens to the SDK's own diagnostics: the OTLP exporter tells of a partial success nowhere else. */
export function listenToDiagnostics(): void {
  const logLevel = most <= 2 ? DiagLogLevel.WARN : DiagLogLevel.ALL;
  diag.setLogger(logger, { logLevel, suppressOverrideMessage: true });
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
