// Readers of JSON whose shape is not known. A value of another type is read as absent.

export type Json = Readonly<Record<string, unknown>>;

export const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const records = (value: unknown): readonly Json[] =>
  list(value).filter((one): one is Json => typeof one === "object" && one !== null && !Array.isArray(one));

/** A text. */
export const string = (value: unknown): string => (typeof value === "string" ? value : "");

/** A text or a number, as text. */
export const text = (value: unknown, byDefault = ""): string =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : byDefault;

export const number = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;

export const flag = (value: unknown, byDefault = false): boolean =>
  typeof value === "boolean" ? value : byDefault;

export const texts = (value: unknown): readonly string[] =>
  list(value).filter((one): one is string => typeof one === "string");

/** A whole number between two bounds. */
export const between = (value: unknown, min: number, max: number, byDefault: number): number =>
  Math.min(max, Math.max(min, Math.floor(number(value) ?? byDefault)));

/** The value if it is one of an enumeration, otherwise another. */
export const oneOf = <T extends string>(
  values: Readonly<Record<string, T>>,
  value: unknown,
  otherwise: T,
): T => Object.values(values).find((known) => known === value) ?? otherwise;
