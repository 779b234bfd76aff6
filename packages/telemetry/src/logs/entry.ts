/** The only field that pino-loki turns into structured metadata; a name of its own, as it is a field of ours. */
export const META_KEY = "meta";

/** A log line as pino-loki takes it: what it needs to know of the line, and the line. */
export interface Entry {
  level: string;
  time?: string;
  [META_KEY]?: { trace_id: string; span_id: string };
  line: string;
}

/** As pino begins each line of ours. */
const HEAD = /^\{"level":"(\w+)","time":"(\d{19})"/;
/** Inside a string, say in a message, the quotes would be escaped. */
const IDS = /"trace_id":"([0-9a-f]{32})","span_id":"([0-9a-f]{16})"/;

/**
 * Reads level, time and trace ids off the text of a line, which was serialized a moment ago: parsing it again, and
 * serializing it again for Loki, would cost more than all the rest of its way. A line of another making is taken as
 * `info`, of now.
 */
export function entryOf(line: string): Entry {
  const [, level = "info", time] = HEAD.exec(line) ?? [];
  const entry: Entry = { level, line, ...(time && { time }) };
  const [, trace_id, span_id] = IDS.exec(line) ?? [];
  if (trace_id && span_id) entry[META_KEY] = { trace_id, span_id };
  return entry;
}

/** What Loki stores: the line as on stdout, byte for byte. */
export const lineOf = (entry: Record<string, unknown>): string => String(entry.line);
