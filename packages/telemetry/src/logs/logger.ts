import { type DestinationStream, destination, type Logger, pino } from "pino";
import { env, serviceName } from "../env.ts";
import { correlation, NO_IDS } from "../tracing/active.ts";
import { bundle } from "./bundle.ts";
import { lokiLevel } from "./levels.ts";
import { timestamp } from "./timestamp.ts";

// Not synchronous: one write() per line would block the event loop on a slow terminal. Order is kept, exit flushes.
const stdout = destination({ fd: 1, sync: false });
const toStdout = bundle((lines) => stdout.write(lines));
let shipper: DestinationStream | undefined;

/** Where every line goes: stdout, and the transport to Loki while there is one. */
const everywhere = {
  write(line: string): void {
    toStdout.write(line);
    shipper?.write(line);
  },
  flushSync: flushStdout,
};

/** From now on each line also goes to `stream`; to none when undefined. */
export function shipTo(stream: DestinationStream | undefined): void {
  shipper = stream;
}

/** Writes what is still in memory to stdout. */
export function flushStdout(): void {
  toStdout.flush();
  stdout.flushSync();
}
// Before pino's own listener, which closes stdout.
process.prependListener("exit", flushStdout);

/**
 * The logger: one JSON object a line, with `level` (as Loki labels it), `time` (epoch nanoseconds), `service_name`,
 * `trace_id` and `span_id` of the active span unless given, the fields given, `msg`.
 */
export const logger: Logger = pino(
  {
    level: env.LOG_LEVEL,
    base: { service_name: serviceName },
    timestamp,
    formatters: { level: (label) => ({ level: lokiLevel(label) }) },
    mixin: (fields) => ("trace_id" in fields ? NO_IDS : correlation()),
    mixinMergeStrategy: (fields, ids) => (ids === NO_IDS ? fields : { ...ids, ...fields }),
  },
  everywhere,
);
