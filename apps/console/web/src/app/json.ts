// Readers for JSON of unknown shape. A value of an unexpected type is treated as missing.

export type Json = Readonly<Record<string, unknown>>;

/** Returns the value if it is an object, otherwise an empty object. */
export const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};

/** Returns the value if it is a list, otherwise an empty list. */
export const readList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Returns the objects in a list. */
export const records = (value: unknown): readonly Json[] =>
  readList(value).filter(
    (one): one is Json => typeof one === "object" && one !== null && !Array.isArray(one),
  );

/** Returns the value if it is a string, otherwise an empty string. */
export const string = (value: unknown): string => (typeof value === "string" ? value : "");

/** Returns a string or a number as a string, otherwise the fallback. */
export const readText = (value: unknown, fallback = ""): string =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : fallback;

/** Returns the value if it is a finite number, otherwise undefined. */
export const number = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;

/** Returns the value if it is a boolean, otherwise the fallback. */
export const readFlag = (value: unknown, fallback = false): boolean =>
  typeof value === "boolean" ? value : fallback;

/** Returns the strings in a list. */
export const readTexts = (value: unknown): readonly string[] =>
  readList(value).filter((one): one is string => typeof one === "string");

/** Returns the value as an integer, limited to a range. */
export const clampedInteger = (value: unknown, min: number, max: number, fallback: number): number =>
  Math.min(max, Math.max(min, Math.floor(number(value) ?? fallback)));

/** Returns the value if it is one of an enumeration, otherwise the fallback. */
export const readOneOf = <T extends string>(
  values: Readonly<Record<string, T>>,
  value: unknown,
  fallback: T,
): T => Object.values(values).find((known) => known === value) ?? fallback;
