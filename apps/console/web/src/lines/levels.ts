/** The levels of the lab, the most severe first. */
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

/** The lab's name of a level, also of other spellings. Undefined for an unknown level. */
export const knownLevel = (level: string): Level | undefined =>
  LEVELS.find((one) => one === level) ?? SPELLINGS[level];

const TONES: Readonly<Record<Level, string>> = {
  critical: "bad",
  error: "bad",
  warning: "warn",
  info: "info",
  debug: "",
};

/** The CSS class of a level's badge. */
export function levelTone(level: string): string {
  const known = knownLevel(level);
  return known ? TONES[known] : "";
}
