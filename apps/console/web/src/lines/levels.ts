/** Levels as the lab writes them, the worst first. */
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

/** What others call it, as we call it; nothing for a level that nobody knows. */
export const knownLevel = (level: string): Level | undefined =>
  LEVELS.find((one) => one === level) ?? SPELLINGS[level];

const TONES: Readonly<Record<Level, string>> = {
  critical: "bad",
  error: "bad",
  warning: "warn",
  info: "info",
  debug: "",
};

/** The class of a badge. */
export function toneOf(level: string): string {
  const known = knownLevel(level);
  return known ? TONES[known] : "";
}
