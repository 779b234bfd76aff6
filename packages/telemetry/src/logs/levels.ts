const LOKI_LEVELS: Record<string, string> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
  fatal: "critical",
};

/** Returns the name of a pino level for log lines and the Loki label `level`. Both use pino-loki's names. */
export const lokiLevel = (pinoLevel: string): string => LOKI_LEVELS[pinoLevel] ?? "info";

/**
 * pino-loki maps the level in a line to a label. The lines contain the label's name already, so each name maps to
 * itself.
 */
export const LEVEL_MAP: Record<string, string> = Object.fromEntries(
  Object.values(LOKI_LEVELS).map((level) => [level, level]),
);
