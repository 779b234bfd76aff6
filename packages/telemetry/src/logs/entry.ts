/** The only field that pino-loki turns into structured metadata. Its name is specific to this package. */
export const META_KEY = "meta";

/** The ids of the span that a line belongs to. */
export interface LineIds {
  trace_id: string;
  span_id?: string;
}

/** A log line in the form that pino-loki takes: what it needs to know about the line, and the line. */
export interface Entry {
  level: string;
  time?: string;
  [META_KEY]?: LineIds;
  line: string;
}

/**
 * The form in which the logger begins each line. Ids here are the active span's: nothing that an app logs comes before
 * them.
 */
const HEAD =
  /^\{"level":"(\w+)","time":"(\d{19})"(?:,"trace_id":"([0-9a-f]{32})","span_id":"([0-9a-f]{16})")?/;
const TRACE_ID = /^(?!0+$)[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0+$)[0-9a-f]{16}$/;

/**
 * Reads level, time and trace ids from the text of a line that was just serialized: to parse it and serialize it again
 * for Loki would cost more than all other work on it. Only a line without an active span that contains a trace id is
 * parsed, because ids count only at its top level. A line in another format gets level `info` and the current time.
 */
export function entryOf(line: string): Entry {
  const [, level = "info", time, trace_id, span_id] = HEAD.exec(line) ?? [];
  const entry: Entry = { level, line, ...(time && { time }) };
  const ids = trace_id && span_id ? { trace_id, span_id } : ownIds(line);
  if (ids) entry[META_KEY] = ids;
  return entry;
}

/** The ids that a line has as top-level fields, not inside other fields. */
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

/** What Loki stores: the line as on stdout, byte for byte. */
export const lineOf = (entry: Record<string, unknown>): string => String(entry.line);
