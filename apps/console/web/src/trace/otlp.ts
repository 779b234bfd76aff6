import { type AttributeMap, type Attributes, type AttributeValue, attribute, type Kind } from "./span.ts";

// What comes from elsewhere is `unknown` until one has looked: a span may have been written by anybody.
type Loose = Readonly<Record<string, unknown>>;

export const record = (value: unknown): Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : {};

export const array = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const string = (value: unknown): string => (typeof value === "string" ? value : "");

/** OTLP's list of `{key, value}`, in the order of the keys. */
export function attributesOf(list: unknown): Attributes {
  return array(list)
    .map(record)
    .filter(({ key }) => typeof key === "string")
    .map(({ key, value }) => [string(key), otlpValue(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The names of a span and its service. */
export const namesOf = ({ span, resource }: { span: Loose; resource: Attributes }) => ({
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
    return array(record(any.arrayValue).values).map((one) => otlpValue(one, depth + 1));
  if (any.kvlistValue === undefined) return null;
  const pairs = array(record(any.kvlistValue).values).map(record);
  return Object.fromEntries(
    pairs.map((pair) => [string(pair.key), otlpValue(pair.value, depth + 1)]),
  ) as AttributeMap;
}

/** 64-bit integers come as text; those that a number cannot hold stay text. */
function wholeNumber(value: unknown): string | number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

const KINDS: readonly Kind[] = ["internal", "internal", "server", "client", "producer", "consumer"];

/** `SPAN_KIND_SERVER`, or its number. */
export function kindOf(kind: unknown): Kind {
  if (typeof kind === "number") return KINDS[kind] ?? "internal";
  const name = string(kind).replace("SPAN_KIND_", "").toLowerCase();
  return KINDS.find((one) => one === name) ?? "internal";
}

/** `STATUS_CODE_ERROR`, or its number. */
export const isError = (status: unknown): boolean => {
  const { code } = record(status);
  return code === 2 || code === "STATUS_CODE_ERROR";
};

/** Nanoseconds since 1970, as OTLP writes them in JSON: text, since a number cannot hold them. */
export function nanoseconds(value: unknown): bigint | undefined {
  const text = typeof value === "number" ? value.toFixed(0) : string(value);
  return /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}
