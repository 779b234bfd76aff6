import type { z } from "zod";
import type { InvalidParam } from "./problem.ts";
import { type HelloParams, helloParams, type NumbersParams, numbersParams } from "./requests.ts";

/** Input that breaks the contract. Names each field, the value that was sent and the rule that it breaks. */
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

/** Reads the query of `GET /a/hello`. Throws {@link InvalidParamsError}. */
export function parseHelloQuery(rawQuery: string): HelloParams {
  const values = readOrThrow(rawQuery, ["name"]);
  return check(helloParams, values, values);
}

/** Reads the query of `GET /b/numbers`. Throws {@link InvalidParamsError}. */
export function parseNumbersQuery(rawQuery: string): NumbersParams {
  const values = readOrThrow(rawQuery, ["count", "delay_ms"]);
  const numbers = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, readInteger(text)]));
  return check(numbersParams, numbers, values);
}

/** Checks a decoded `HelloRequest`. Throws {@link InvalidParamsError}. */
export const parseHelloRequest = (request: { name: string }): HelloParams =>
  check(helloParams, request, request);

/**
 * Checks a decoded `StreamRequest`. In proto3 an absent int32 reads as 0: a delay of 0 is allowed, a count of 0 breaks the
 * contract. Throws {@link InvalidParamsError}.
 */
export function parseStreamRequest(request: { count: number; delayMs: number }): NumbersParams {
  const values = { count: request.count, delay_ms: request.delayMs };
  return check(numbersParams, values, values);
}

function readOrThrow(rawQuery: string, fields: readonly string[]): Record<string, string> {
  const query = readQuery(rawQuery, fields);
  if (!query.ok) throw new InvalidParamsError(query.errors);
  return query.values;
}

function check<T>(schema: z.ZodType<T>, input: unknown, sent: Record<string, unknown>): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  // A value can break several rules, as one that is no safe integer is also too large: the first says enough.
  const rules = new Map<string, string>();
  for (const { path, message } of result.error.issues) {
    const field = path.join(".");
    if (!rules.has(field)) rules.set(field, message);
  }
  throw new InvalidParamsError(
    [...rules].map(([field, rule]) => ({ field, value: String(sent[field] ?? ""), rule })),
  );
}

/** The outcome of reading a query string: its values, or what is wrong with it. */
type QueryResult =
  | { ok: true; values: Record<string, string> }
  | { ok: false; errors: InvalidParam[] };

/**
 * Reads the given fields of a raw query string (`application/x-www-form-urlencoded`, without `?`), strictly: a field that
 * is repeated, or whose percent-encoding is not UTF-8, is an error. It starts from the raw text since URL parsers and
 * frameworks replace or pass through what they cannot decode, and a request would then be answered for another input than
 * the one that was sent. Fields that are not asked for are ignored, whatever they hold.
 */
function readQuery(raw: string, fields: readonly string[]): QueryResult {
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
  return errors.length > 0 ? { ok: false, errors } : { ok: true, values };
}

/**
 * Reads a whole number in plain decimal digits: no sign, hex, exponent, fraction or space, which `Number()` would take.
 * Gives NaN for anything else, so that the schema behind it reports the value with the field's own rule.
 */
export const readInteger = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN);

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
