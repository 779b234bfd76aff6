import { duration } from "../app/format.ts";

export type Fields = Readonly<Record<string, string>>;

/** One log line. */
export interface Line {
  /** Unique in the list. */
  readonly key: string;
  /** Unix time in nanoseconds, as text. */
  readonly time: string;
  readonly service: string;
  readonly level: string;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** The text of the line, or its `msg` field. */
  readonly message: string;
  /** The fields of the line if it is a JSON object. */
  readonly fields: Fields;
  readonly labels: Fields;
  /** The original line. */
  readonly raw: string;
}

interface Entry {
  readonly time: string;
  readonly raw: string;
  readonly labels: Fields;
}

interface Stream {
  readonly stream?: Fields;
  readonly values?: readonly (readonly [time: string, line: string, ...more: unknown[]])[];
}

/** Reads the lines of Loki's streams, sorted by time, oldest first. */
export function readLines(streams: readonly Stream[]): readonly Line[] {
  const entries = streams.flatMap(({ stream: labels = {}, values = [] }) =>
    values.map(([time, raw]) => ({ time: String(time), raw: String(raw), labels })),
  );
  return numbered(entries.map(lineOf).sort(inOrder));
}

/** Reads lines without changing their order. */
export const linesOf = (entries: readonly Entry[]): readonly Line[] => numbered(entries.map(lineOf));

/** Makes keys unique by numbering identical lines. */
function numbered(lines: readonly Line[]): readonly Line[] {
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const count = seen.get(line.key) ?? 0;
    seen.set(line.key, count + 1);
    return count > 0 ? { ...line, key: `${line.key}·${count}` } : line;
  });
}

/** Compares lines by time. Compares timestamps as strings, because a number cannot represent nanoseconds. */
export const inOrder = (a: Line, b: Line): number =>
  a.time.length - b.time.length || (a.time < b.time ? -1 : a.time > b.time ? 1 : a.key < b.key ? -1 : 1);

function lineOf({ time, raw, labels }: Entry): Line {
  const fields = fieldsOf(raw);
  return {
    key: `${time} ${labels.service_name ?? ""} ${labels.span_id ?? ""} ${raw.length}`,
    time,
    service: labels.service_name ?? fields.service_name ?? "",
    level: (labels.level ?? labels.detected_level ?? fields.level ?? "").toLowerCase(),
    traceId: idOf(labels.trace_id ?? fields.trace_id, 32),
    spanId: idOf(labels.span_id ?? fields.span_id, 16),
    message: fields.msg ?? fields.message ?? raw,
    fields,
    labels,
    raw,
  };
}

const idOf = (id: string | undefined, length: number) =>
  id !== undefined && id.length === length && /^[0-9a-f]+$/.test(id) ? id : undefined;

/** Parses the fields of a line that is a JSON object. Nested values are converted to JSON strings. */
function fieldsOf(raw: string): Fields {
  if (!raw.trimStart().startsWith("{")) return {};
  try {
    const parsed: unknown = JSON.parse(raw);
    if (typeof parsed !== "object" || parsed === null) return {};
    return Object.fromEntries(
      Object.entries(parsed).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    );
  } catch {
    return {};
  }
}

/** The fields to show after the message, in this order. */
export const DETAILS = [
  "method",
  "path",
  "status",
  "rpc_method",
  "rpc_response_status_code",
  "duration_ms",
  "details",
] as const;

/** Formats the values of some fields, such as `GET /a/hello 200 4.2 ms`. */
export function detailOf({ fields }: Line, names: readonly string[] = DETAILS): string {
  const values = names.flatMap((name) => {
    const value = fields[name];
    if (!value) return [];
    const number = Number(value);
    return [name === "duration_ms" && Number.isFinite(number) ? duration(number) : value];
  });
  return values.join(" ");
}

/** Formats the type and the message of a line's error. */
export function errorOf({ fields }: Line): string | undefined {
  try {
    const { type, message } = JSON.parse(fields.err ?? "null") ?? {};
    return message ? `${type ?? "Error"}: ${message}` : undefined;
  } catch {
    return undefined;
  }
}

/** Converts a Unix time in nanoseconds to one in milliseconds. Loses precision, so do not use it to compare lines. */
export const nanosecondsToMs = (time: string): number => Number(time) / 1e6;
