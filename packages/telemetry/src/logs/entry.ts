/** The only field that pino-loki turns into structured metadata. Its name is specific to this package. */
export const META_KEY = "meta";

/** The ids of the span that a line belongs to. */
export interface LineIds {
  trace_id: string;
  span_id?: string;
}

/** A log line in pino-loki's format: its metadata and its text. */
export interface Entry {
  level: string;
  time?: string;
  [META_KEY]?: LineIds;
  /** The label of a line that belongs to another log than the application's. */
  log?: string;
  /** The label `service_name`, if it is not the name of the service. */
  service_name?: string;
  line: string;
}

/**
 * Matches the beginning of each line of the logger. Ids at this position identify the active span, because all
 * fields of the app come later.
 */
const HEAD =
  /^\{"level":"(\w+)","time":"(\d{19})"(?:,"trace_id":"([0-9a-f]{32})","span_id":"([0-9a-f]{16})")?(?:,"log":"(audit)")?/;
const TRACE_ID = /^(?!0+$)[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0+$)[0-9a-f]{16}$/;

/**
 * Reads level, time and trace ids from the text of a serialized line. Parsing the line and serializing it again for
 * Loki would cost more than all other work on it. A line is parsed only if it has no active span but contains a trace
 * id, because only ids at its top level are used. A line in another format gets level `info` and the current time.
 */
export function entryOf(line: string): Entry {
  const [, level = "info", time, trace_id, span_id, log] = HEAD.exec(line) ?? [];
  const entry: Entry = { level, line, ...(time && { time }), ...(log && { log }) };
  const ids = trace_id && span_id ? { trace_id, span_id } : ownIds(line);
  if (ids) entry[META_KEY] = ids;
  return entry;
}

/** Returns the ids in the top-level fields of a line. */
function ownIds(line: string): LineIds | undefined {
  if (!line.includes('"trace_id":"')) return undefined;
  try {
    const { trace_id, span_id } = JSON.parse(line);
    if (!matches(TRACE_ID, trace_id)) return undefined;
    return { trace_id, ...(matches(SPAN_ID, span_id) && { span_id }) };
  } catch {
    return undefined;
  }
}

const matches = (form: RegExp, value: unknown) => typeof value === "string" && form.test(value);

/** Returns the text that Loki stores: the same bytes as on stdout. */
export const lineOf = (entry: Record<string, unknown>): string => String(entry.line);
