import { duration } from "../app/duration.ts";

export type Fields = Readonly<Record<string, string>>;

/** One log line. */
export interface Line {
  /** Unique in its list. */
  readonly key: string;
  /** Nanoseconds since 1970, as Loki has them. */
  readonly time: string;
  readonly service: string;
  readonly level: string;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** What it says, in one sentence. */
  readonly message: string;
  /** Everything that stands in it, beside what its labels say. */
  readonly fields: Fields;
  readonly labels: Fields;
  /** As it was written. */
  readonly raw: string;
}

interface Stream {
  readonly stream?: Fields;
  readonly values?: readonly (readonly [time: string, line: string, ...more: unknown[]])[];
}

/** Loki's streams as one list of lines, in the order in which they were written. */
export function readLines(streams: readonly Stream[]): readonly Line[] {
  const lines = streams.flatMap(({ stream = {}, values = [] }) =>
    values.map(([time, raw]) => lineOf(String(time), String(raw), stream)),
  );
  lines.sort(inOrder);
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const count = seen.get(line.key) ?? 0;
    seen.set(line.key, count + 1);
    return count > 0 ? { ...line, key: `${line.key}·${count}` } : line;
  });
}

/** By time. It is compared as text of equal length: a number cannot hold nanoseconds. */
export const inOrder = (a: Line, b: Line): number =>
  a.time.length - b.time.length || (a.time < b.time ? -1 : a.time > b.time ? 1 : a.key < b.key ? -1 : 1);

function lineOf(time: string, raw: string, labels: Fields): Line {
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

/** The members of a line that is a JSON object; nested ones as JSON. */
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

/** The fields that a reader wants beside the sentence, in this order. */
const TOLD = ["method", "path", "status", "rpc_method", "rpc_response_status_code", "duration_ms", "details"];

/** `GET /a/hello 200 · 4.2 ms`, after the sentence. */
export function detailOf({ fields }: Line): string {
  const told = TOLD.flatMap((name) => {
    const value = fields[name];
    if (!value) return [];
    const number = Number(value);
    return [name === "duration_ms" && Number.isFinite(number) ? duration(number) : value];
  });
  return told.join(" ");
}

/** The error that a line carries: its type and what it says. */
export function errorOf({ fields }: Line): string | undefined {
  try {
    const { type, message } = JSON.parse(fields.err ?? "null") ?? {};
    return message ? `${type ?? "Error"}: ${message}` : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds since 1970, with a fraction: for reading, not for comparing. */
export const millisecondsOf = (time: string): number => Number(time) / 1e6;
