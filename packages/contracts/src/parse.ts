import * as v from "valibot";
import type { InvalidParam } from "./problem.ts";
import { type HelloParams, helloParams, type NumbersParams, numbersParams } from "./requests.ts";

/** Longest field and value in an error, in UTF-16 code units. A request can have any length. */
const MAX_SHOWN = 300;

/** Invalid input. The message names each invalid field, its rule and the value that was sent, both at most 300 long. */
export class InvalidParamsError extends Error {
  override name = "InvalidParamsError";
  readonly errors: InvalidParam[];

  constructor(errors: InvalidParam[]) {
    const shown = errors.map(({ field, value, rule }) => ({
      field: field.slice(0, MAX_SHOWN),
      value: value.slice(0, MAX_SHOWN),
      rule,
    }));
    super(
      shown.map(({ field, value, rule }) => `${field} ${rule} (got ${JSON.stringify(value)})`).join("; "),
    );
    this.errors = shown;
  }
}

/** Parses the query of `GET /a/hello`. Throws {@link InvalidParamsError}. */
export function parseHelloQuery(rawQuery: string): HelloParams {
  return parseInput(helloParams, readFields(rawQuery, helloParams));
}

/** Parses the query of `GET /b/numbers`. Throws {@link InvalidParamsError}. */
export const parseNumbersQuery = (rawQuery: string): NumbersParams =>
  parseIntegerQuery(rawQuery, numbersParams);

/** Checks a decoded `HelloRequest`. Throws {@link InvalidParamsError}. */
export const parseHelloRequest = (request: { name: string }): HelloParams => parseInput(helloParams, request);

/**
 * Checks a decoded `StreamRequest`. In proto3 a missing int32 is read as 0, which is a valid delay but not a valid
 * count. Throws {@link InvalidParamsError}.
 */
export function parseStreamRequest(request: { count: number; delayMs: number }): NumbersParams {
  return parseInput(numbersParams, { count: request.count, delay_ms: request.delayMs });
}

/** A schema of an object, which has the names of its fields. */
type FieldsSchema<T> = v.GenericSchema<unknown, T> & { readonly entries: Readonly<Record<string, unknown>> };

/** Parses a query whose fields are whole numbers; other fields are ignored. Throws {@link InvalidParamsError}. */
export function parseIntegerQuery<T>(rawQuery: string, schema: FieldsSchema<T>): T {
  const sent = readFields(rawQuery, schema);
  const numbers = Object.entries(sent).map(([field, text]) => [field, readInteger(text)]);
  return parseInput(schema, Object.fromEntries(numbers), sent);
}

const readFields = (rawQuery: string, { entries }: FieldsSchema<unknown>): Record<string, string> =>
  Object.fromEntries(readPairs(rawQuery, { once: Object.keys(entries), others: "ignore" }));

/**
 * Parses an input. Throws {@link InvalidParamsError}, with the values in `sent` if the client sent them in another form.
 */
export function parseInput<T>(schema: v.GenericSchema<unknown, T>, input: unknown, sent: unknown = input): T {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  throw toInvalidParams(result.issues, sent);
}

/**
 * Converts the issues of a schema: one entry for each invalid field (`body` for the input as a whole), with its value
 * in the input as it was sent.
 */
function toInvalidParams(issues: readonly v.BaseIssue<unknown>[], sent: unknown): InvalidParamsError {
  // One value can cause several issues, for example an unsafe integer that is also too large. The first one is enough.
  const errors = new Map<string, InvalidParam>();
  for (const issue of issues) {
    const path = pathOf(issue);
    const field = path.join(".") || "body";
    if (!errors.has(field)) errors.set(field, { field, value: valueAt(sent, path), rule: issue.message });
  }
  return new InvalidParamsError([...errors.values()]);
}

/** Returns the path of an issue in the input. An unknown field belongs to the object that contains it. */
function pathOf({ type, expected, path }: v.BaseIssue<unknown>): unknown[] {
  const keys = path?.map(({ key }) => key) ?? [];
  return type === "strict_object" && expected === "never" ? keys.slice(0, -1) : keys;
}

/** Returns the value at a path as text: JSON unless it is text itself, and empty if it is missing. */
function valueAt(sent: unknown, path: readonly unknown[]): string {
  const value = path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | null)?.[key as PropertyKey],
    sent,
  );
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** Schema of a JSON object with any fields, for a pipe. The object schemas of Valibot also accept lists. */
export const jsonObject = v.pipe(
  v.any(),
  v.check(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "must be an object",
  ),
);

/** The fields that a query may have. */
export interface QueryFields {
  /** Fields that may be given once. */
  readonly once: readonly string[];
  /** Fields that may be repeated. */
  readonly repeated?: readonly string[];
  /** Whether other fields are ignored or rejected. */
  readonly others: "ignore" | "reject";
}

/**
 * Reads a raw query string (without `?`). Throws {@link InvalidParamsError} for a field that is repeated, not allowed
 * or not percent-encoded UTF-8. URL parsers would replace such bytes without an error, and the response would then
 * belong to another input than the client sent.
 */
export const readQuery = (raw: string, fields: QueryFields): URLSearchParams =>
  new URLSearchParams(readPairs(raw, fields));

/** Returns the fields of a query and their values, in order, like {@link readQuery}. */
function readPairs(raw: string, { once, repeated = [], others }: QueryFields): [string, string][] {
  const pairs: [string, string][] = [];
  const errors: InvalidParam[] = [];
  for (const pair of raw.split("&")) {
    if (pair === "") continue;
    const end = pair.indexOf("=");
    const rawField = end === -1 ? pair : pair.slice(0, end);
    const rawValue = end === -1 ? "" : pair.slice(end + 1);
    const field = decode(rawField);
    const value = decode(rawValue);
    const known = field !== undefined && (once.includes(field) || repeated.includes(field));
    if (!known && others === "ignore") continue;
    const wrong = whyRejected(field, value);
    if (wrong !== undefined) errors.push({ field: field ?? rawField, value: value ?? rawValue, rule: wrong });
    else pairs.push([field as string, value as string]);
  }
  if (errors.length > 0) throw new InvalidParamsError(errors);
  return pairs;

  function whyRejected(field: string | undefined, value: string | undefined): string | undefined {
    if (field === undefined || value === undefined) return "must be percent-encoded UTF-8";
    if (repeated.includes(field)) return undefined;
    if (!once.includes(field)) return `is unknown; available: ${[...once, ...repeated].join(", ") || "none"}`;
    return pairs.some(([other]) => other === field) ? "must be given once" : undefined;
  }
}

/** Returns the query string of a URL as it was sent: without `?`, not decoded. */
export function rawQuery(url: string): string {
  const start = url.indexOf("?");
  return start < 0 ? "" : url.slice(start + 1);
}

/**
 * Parses a whole number in decimal digits: no sign, hex, exponent, fraction or space, which `Number()` would accept.
 * Returns NaN for anything else, so that the schema of the field reports the value.
 */
export const readInteger = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN);

function decode(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
