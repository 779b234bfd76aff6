/** The text for a value that does not exist. */
export const NONE = "–";

const grouped = (digits: number) => new Intl.NumberFormat("en", { maximumFractionDigits: digits });
const FORMATS = [grouped(0), grouped(1), grouped(2)] as const;

/** Formats a count: `12,345`. */
export const count = (value: number | undefined): string =>
  isFiniteNumber(value) ? FORMATS[0].format(value) : NONE;

/** Formats a number with about three digits: `1,234`, `57.3`, `0.44`. */
export function decimal(value: number | undefined): string {
  if (!isFiniteNumber(value)) return NONE;
  return FORMATS[value >= 99.95 || value === 0 ? 0 : value >= 9.995 ? 1 : 2].format(value);
}

/** Formats milliseconds with at most three significant digits: `610 µs`, `76 ms`, `1.07 s`. */
export function milliseconds(value: number | undefined): string {
  if (!isFiniteNumber(value)) return NONE;
  const rounded = Number(value.toPrecision(3));
  if (rounded === 0) return "0 ms";
  if (rounded < 1) return `${Number((value * 1000).toPrecision(3))} µs`;
  return rounded < 1000 ? `${rounded} ms` : `${rounded / 1000} s`;
}

/** Formats a share: `0 %`, `0.3 %`, `54 %`. A share above 0 is never shown as 0 %. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value >= 9.95) return `${Math.round(value)} %`;
  return value < 0.1 ? "< 0.1 %" : `${value.toFixed(1)} %`;
}

/** Formats a number of bytes: `850 B`, `12.3 kB`. */
export const bytes = (value: number | undefined): string =>
  !isFiniteNumber(value) ? NONE : value < 9999.5 ? `${count(value)} B` : `${(value / 1000).toFixed(1)} kB`;

/** Formats memory: `23.5 GiB`. */
export const gibibytes = (value: number): string => `${Number((value / 2 ** 30).toFixed(1))} GiB`;

/** Formats a time in UTC, so that the report is the same everywhere: `2026-11-28 15:04 UTC`. */
export function utc(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Joins texts: `a, b and c`. */
export const listOf = (texts: readonly string[]): string =>
  new Intl.ListFormat("en-GB", { type: "conjunction" }).format(texts);

/** Returns whether a value is a finite number. JSON has no NaN: it is stored as null. */
export const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);
