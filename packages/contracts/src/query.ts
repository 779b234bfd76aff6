import type { InvalidParam } from "./problem.ts";

/** The outcome of reading a query string: its values, or what is wrong with it. */
export type QueryResult =
  | { ok: true; values: Record<string, string> }
  | { ok: false; errors: InvalidParam[] };

/**
 * Reads the given fields of a raw query string (`application/x-www-form-urlencoded`, without `?`), strictly: a field that
 * is repeated, or whose percent-encoding is not UTF-8, is an error. It starts from the raw text since URL parsers and
 * frameworks replace or pass through what they cannot decode, and a request would then be answered for another input than
 * the one that was sent. Fields that are not asked for are ignored, whatever they hold.
 */
export function readQuery(raw: string, fields: readonly string[]): QueryResult {
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
