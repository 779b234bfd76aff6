import type { z } from "zod";
import type { InvalidParam } from "./problem.ts";
import { type HelloParams, helloParams, type NumbersParams, numbersParams } from "./requests.ts";

/** Invalid input. The message names each invalid field, its rule and the value that was sent. */
export class InvalidParamsError extends Error {
  override name = "InvalidParamsError";
  readonly errors: InvalidParam[];

  constructor(errors: InvalidParam[]) {
    super(
      errors.map(({ field, value, rule }) => `${field} ${rule} (got ${JSON.stringify(value)})`).join("; "),
    );
    this.errors = errors;
  }
}

/** Parses the query of `GET /a/hello`. Throws {@link InvalidParamsError}. */
export function parseHelloQuery(rawQuery: string): HelloParams {
  const values = readQuery(rawQuery, ["name"]);
  return check(helloParams, values, values);
}

/** Parses the query of `GET /b/numbers`. Throws {@link InvalidParamsError}. */
export function parseNumbersQuery(rawQuery: string): NumbersParams {
  const values = readQuery(rawQuery, ["count", "delay_ms"]);
  const numbers = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, readInteger(text)]));
  return check(numbersParams, numbers, values);
}

/** Checks a decoded `HelloRequest`. Throws {@link InvalidParamsError}. */
export const parseHelloRequest = (request: { name: string }): HelloParams =>
  check(helloParams, request, request);

/**
 * Checks a decoded `StreamRequest`. In proto3 a missing int32 is read as 0, which is a valid delay but not a valid count.
 * Throws {@link InvalidParamsError}.
 */
export function parseStreamRequest(request: { count: number; delayMs: number }): NumbersParams {
  const values = { count: request.count, delay_ms: request.delayMs };
  return check(numbersParams, values, values);
}

function check<T>(schema: z.ZodType<T>, input: unknown, sent: Record<string, unknown>): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw toInvalidParams(result.error, sent);
}

/**
 * Converts the error of a schema: one entry for each invalid field (`body` for the input as a whole), with the value from
 * `sent`.
 */
export function toInvalidParams(error: z.ZodError, sent: Record<string, unknown> = {}): InvalidParamsError {
  // One value can cause several issues, for example an unsafe integer that is also too large. The first one is enough.
  const rules = new Map<string, string>();
  for (const { path, message } of error.issues) {
    const field = path.join(".") || "body";
    if (!rules.has(field)) rules.set(field, message);
  }
  return new InvalidParamsError(
    [...rules].map(([field, rule]) => ({ field, value: String(sent[field] ?? ""), rule })),
  );
}

/**
 * Reads the given fields of a raw query string (without `?`); other fields are ignored. Throws {@link InvalidParamsError}
 * for a field that is repeated or is not percent-encoded UTF-8. URL parsers would replace such bytes without an error, and
 * the response would then belong to another input than the client sent.
 */
function readQuery(raw: string, fields: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  const errors: InvalidParam[] = [];
  for (const pair of raw.split("&")) {
    const [rawKey = "", ...rest] = pair.split("=");
    const key = decode(rawKey);
    if (key === undefined || !fields.includes(key)) continue;
    const rawValue = rest.join("=");
    const value = decode(rawValue);
    if (value === undefined)
      errors.push({ field: key, value: rawValue, rule: "must be percent-encoded UTF-8" });
    else if (key in values) errors.push({ field: key, value, rule: "must be given once" });
    else values[key] = value;
  }
  if (errors.length > 0) throw new InvalidParamsError(errors);
  return values;
}

/**
 * Parses a whole number in decimal digits: no sign, hex, exponent, fraction or space, which `Number()` would accept.
 * Returns NaN for anything else, so that the schema of the field reports the value.
 */
export const readInteger = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN);

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
