import { type Json, readList, record, records, string } from "../app/json.ts";
export type AttributeValue = string | number | boolean | null | readonly AttributeValue[] | AttributeMap;
export interface AttributeMap {
  readonly [key: string]: AttributeValue;
}
export type Attributes = readonly (readonly [key: string, value: AttributeValue])[];

export type Kind = "internal" | "server" | "client" | "producer" | "consumer";

export interface SpanEvent {
  readonly name: string;
  /** Milliseconds since the start of the trace. */
  readonly at: number;
  readonly attributes: Attributes;
}

/** One span as recorded. Times are milliseconds since the start of the trace. */
export interface Span {
  /** Unique in its trace: the span id, followed by a number if another span has the same id. */
  readonly key: string;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly service: string;
  readonly kind: Kind;
  readonly start: number;
  readonly end: number;
  readonly error: boolean;
  /** The status message. */
  readonly message: string;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly scope: string;
  readonly events: readonly SpanEvent[];
  /** The trace id is missing if the link has no valid one. */
  readonly links: readonly { readonly traceId: string | undefined; readonly spanId: string }[];
}

/** Returns the value of one attribute as a string. */
export function attribute(attributes: Attributes, key: string): string | undefined {
  const found = attributes.find(([name]) => name === key);
  return found && valueText(found[1]);
}

/** Formats the value of an attribute. */
export const valueText = (value: AttributeValue): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** Reads OTLP's list of `{key, value}`, sorted by key. */
export function attributesOf(attributes: unknown): Attributes {
  return records(attributes)
    .filter(({ key }) => typeof key === "string")
    .map(({ key, value }) => [string(key), otlpValue(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Returns the names of a span and its service. */
export const namesOf = ({ span, resource }: { span: Json; resource: Attributes }) => ({
  name: string(span.name) || "(no name)",
  service: attribute(resource, "service.name") || "(no service)",
});

function otlpValue(value: unknown, depth = 0): AttributeValue {
  const any = record(value);
  if (typeof any.stringValue === "string") return any.stringValue;
  if (typeof any.boolValue === "boolean") return any.boolValue;
  if (any.intValue !== undefined) return wholeNumber(any.intValue);
  if (any.doubleValue !== undefined)
    return typeof any.doubleValue === "number" ? any.doubleValue : String(any.doubleValue);
  if (typeof any.bytesValue === "string") return any.bytesValue;
  if (depth > 8) return "…";
  if (any.arrayValue !== undefined)
    return readList(record(any.arrayValue).values).map((one) => otlpValue(one, depth + 1));
  if (any.kvlistValue === undefined) return null;
  const pairs = records(record(any.kvlistValue).values);
  return Object.fromEntries(
    pairs.map((pair) => [string(pair.key), otlpValue(pair.value, depth + 1)]),
  ) as AttributeMap;
}

/** Converts OTLP's 64-bit integers, which are strings. Keeps those that exceed the range of a number as strings. */
function wholeNumber(value: unknown): string | number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

const KINDS: readonly Kind[] = ["internal", "internal", "server", "client", "producer", "consumer"];

/** Reads the kind of a span: a name such as `SPAN_KIND_SERVER`, or its number. */
export function kindOf(kind: unknown): Kind {
  if (typeof kind === "number") return KINDS[kind] ?? "internal";
  const name = string(kind).replace("SPAN_KIND_", "").toLowerCase();
  return KINDS.find((one) => one === name) ?? "internal";
}

/** Returns whether the status is an error: `STATUS_CODE_ERROR`, or its number. */
export const isError = (status: unknown): boolean => {
  const { code } = record(status);
  return code === 2 || code === "STATUS_CODE_ERROR";
};

/** Reads a Unix time in nanoseconds. OTLP encodes it as a string, because it exceeds the range of a number. */
export function nanoseconds(value: unknown): bigint | undefined {
  const text = typeof value === "number" ? value.toFixed(0) : string(value);
  return /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}

/**
 * Converts an id to hexadecimal. Tempo of 2023 encodes ids as base64 (`wE4Z9N5rdFSBn2k/HFdghw==`), newer releases as
 * hexadecimal. 16 hexadecimal digits are also valid base64 (of 12 bytes), so the expected length decides.
 */
export function hexId(id: unknown, bytes: 8 | 16): string | undefined {
  if (typeof id !== "string" || id === "") return undefined;
  if (/^[0-9a-f]+$/i.test(id) && id.length === bytes * 2) return notZero(id.toLowerCase());
  try {
    const text = atob(id.replaceAll("-", "+").replaceAll("_", "/"));
    if (text.length !== bytes) return undefined;
    return notZero(Array.from(text, (one) => one.charCodeAt(0).toString(16).padStart(2, "0")).join(""));
  } catch {
    return undefined;
  }
}

/**
 * Normalizes a trace id to 32 digits. Leading zeros may be missing, as in Tempo's exemplars. Returns undefined if the
 * id is invalid.
 */
export function traceId(text: string): string | undefined {
  const bare = text.trim().toLowerCase();
  return /^[0-9a-f]{1,32}$/.test(bare) ? notZero(bare.padStart(32, "0")) : undefined;
}

const notZero = (id: string): string | undefined => (/^0+$/.test(id) ? undefined : id);
