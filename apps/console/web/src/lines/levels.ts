/** The log levels of the lab, most severe first. */
export const LEVELS = ["critical", "error", "warning", "info", "debug"] as const;
export type Level = (typeof LEVELS)[number];

const SPELLINGS: Readonly<Record<string, Level>> = {
  fatal: "critical",
  crit: "critical",
  err: "error",
  warn: "warning",
  information: "info",
  notice: "info",
  trace: "debug",
};

/** Normalizes the spelling of a level. Returns undefined for an unknown level. */
export const knownLevel = (level: string): Level | undefined =>
  LEVELS.find((one) => one === level) ?? SPELLINGS[level];

const TONES: Readonly<Record<Level, string>> = {
  critical: "bad",
  error: "bad",
  warning: "warn",
  info: "info",
  debug: "",
};

/** Returns the CSS class of a level's badge. */
export function levelTone(level: string): string {
  const known = knownLevel(level);
  return known ? TONES[known] : "";
}
