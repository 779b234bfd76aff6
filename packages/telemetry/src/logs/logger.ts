import type { SpanContext } from "@opentelemetry/api";
import { type DestinationStream, destination, type Logger, pino, symbols } from "pino";
import { env, replicaFields, serviceName } from "../env.ts";
import { activeSpanContext, NO_IDS } from "../tracing/active.ts";
import { bundle } from "./bundle.ts";
import { lokiLevel } from "./levels.ts";

// Asynchronous, because one write() per line would block the event loop on a slow terminal. The order is kept, and
// lines are flushed at exit.
const stdout = destination({ fd: 1, sync: false });
/** For the last lines: an asynchronous write that has begun when the process ends may be lost. */
const stdoutAtOnce = destination({ fd: 1, sync: true });
let atOnce = false;
const toStdout = bundle((lines) => (atOnce ? stdoutAtOnce : stdout).write(lines));
let shipper: DestinationStream | undefined;
/** Whether the transport delivers lines. After a crash of its worker it only counts them as lost. */
let delivers = false;

/** The destinations of every line: stdout, and the transport to Loki if there is one. */
const everywhere = {
  write(line: string): void {
    toStdout.write(line);
    shipper?.write(line);
  },
  flushSync: flushStdout,
};

/** Writes a line to Loki only. If Loki cannot get it, the line is on stdout, like every other line. */
export const writeSeparately = (line: string): void => {
  if (shipper && delivers) shipper.write(line);
  else everywhere.write(line);
};

/**
 * Writes each later line to `stream` too; undefined ends this. `isAlive: false` means that the stream only counts lines as
 * lost.
 */
export function shipTo(stream: DestinationStream | undefined, { isAlive = true } = {}): void {
  shipper = stream;
  delivers = isAlive;
}

/** Flushes buffered lines to stdout. */
export function flushStdout(): void {
  stdout.flushSync();
  atOnce = true;
  toStdout.flush();
  atOnce = false;
}
// Runs before pino's own listener, which closes stdout.
process.prependListener("exit", flushStdout);

/** The span of the line that is being written, if it is not the active one. */
let claimed: SpanContext | undefined;
/** Whether the line that is being written already has a span's ids. */
let inSpan = false;

/** Writes lines of a span that is not active yet or no longer active. */
export function logIn(spanContext: SpanContext | undefined, write: () => void): void {
  claimed = spanContext;
  try {
    write();
  } finally {
    claimed = undefined;
  }
}

const LINES_PER_MILLISECOND = 1_000_000;
/**
 * If the clock is set back by at most this much, timestamps continue from the last one until the clock has caught up.
 */
const HELD_MS = 1000;

/** The time of the last line, and its number within that millisecond. */
let millisecond = 0;
let sequence = 0;

/**
 * Returns the field `time` of a log line, for pino: epoch nanoseconds as a string of 19 digits, greater than every
 * earlier one. The last six digits count the lines within one millisecond, because Loki sorts by timestamp and stores
 * only one of two equal lines with the same timestamp. If the clock is set back by more than a second, timestamps
 * follow it, because Loki rejects lines from the future.
 */
export function timestamp(): string {
  const now = Date.now();
  if (now > millisecond || now < millisecond - HELD_MS) {
    millisecond = now;
    sequence = 0;
  } else {
    sequence += 1;
    if (sequence === LINES_PER_MILLISECOND) {
      millisecond += 1;
      sequence = 0;
    }
  }
  // A machine without a battery for its clock starts in 1970, when milliseconds had fewer digits.
  return `,"time":"${String(millisecond).padStart(13, "0")}${String(sequence).padStart(6, "0")}"`;
}

/**
 * Adds the fields after the level of each line. The ids come first, before anything that an app logs, so that the log
 * worker can recognize them without parsing the line.
 */
export function timeAndIds(): string {
  const spanContext = claimed ?? activeSpanContext();
  inSpan = spanContext !== undefined;
  if (!spanContext) return timestamp();
  return `${timestamp()},"trace_id":"${spanContext.traceId}","span_id":"${spanContext.spanId}"`;
}

type Fields = Record<string, unknown>;

/**
 * Ids that are bound to a child logger. They are kept here and not in its bindings, where they would conflict with the
 * ids of a span.
 */
const boundIds = Symbol("trace_id and span_id bound to this logger");

const hasIds = (fields: object): boolean => "trace_id" in fields || "span_id" in fields;

/** Removes the ids from the fields inside a span. Outside a span, adds the ids that are bound to the logger. */
function withIds(fields: Fields, bound: Fields | undefined): Fields {
  if (!inSpan) return bound ? { ...bound, ...fields } : fields;
  if (!hasIds(fields)) return fields;
  const { trace_id, span_id, ...others } = fields;
  return others;
}

function separateIds(child: Logger): void {
  const holder = child as unknown as Record<symbol, unknown>;
  const bindings = holder[symbols.chindingsSym] as string;
  if (!/"(trace|span)_id":/.test(bindings)) return;
  const { trace_id, span_id, ...others } = JSON.parse(`{${bindings.slice(1)}}`);
  holder[boundIds] = {
    ...(holder[boundIds] as Fields | undefined),
    ...(trace_id !== undefined && { trace_id }),
    ...(span_id !== undefined && { span_id }),
  };
  holder[symbols.chindingsSym] = `,${JSON.stringify(others).slice(1, -1)}`;
}

/**
 * The logger. It writes one JSON object per line, with `level` (as Loki labels it), `time` (epoch nanoseconds),
 * `trace_id` and `span_id` of the active span, `service_name`, the attributes that identify the replica (`k8s.*`,
 * `service.instance.id`), the given fields, `msg`. Inside a span the fields `trace_id` and `span_id` of an app are
 * omitted, because a line belongs to one span.
 */
export const logger: Logger = pino(
  {
    level: env.LOG_LEVEL,
    base: { service_name: serviceName, ...replicaFields },
    timestamp: timeAndIds,
    formatters: { level: (label) => ({ level: lokiLevel(label) }) },
    // pino reads the time first, then these fields.
    mixin: (_fields, _level, line) => (line as unknown as Record<symbol, Fields>)[boundIds] ?? NO_IDS,
    mixinMergeStrategy: (fields, bound) =>
      withIds(fields as Fields, bound === NO_IDS ? undefined : (bound as Fields)),
    onChild: separateIds,
  },
  everywhere,
);
