import { LabError } from "@lgtm-lab/contracts";
import { MAX_FAULT_MS } from "../settings.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Parses `90s`, `5m` or `1h` to milliseconds. Throws a LabError that names the option for anything else, and for more
 * than an hour.
 */
export function parseDuration(text: string, option = "--for"): number {
  const [, number, unit = ""] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const milliseconds = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (milliseconds >= 1 && milliseconds <= MAX_FAULT_MS) return milliseconds;
  throw new LabError(
    `${option} ${text} is not valid: it must be a duration such as 90s, 5m or 1h, at most 1h.`,
  );
}
