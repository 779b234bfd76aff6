const LOKI_LEVELS: Record<string, string> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
  fatal: "critical",
};

/** The name of a pino level in a log line and in the Loki label `level`: pino-loki's vocabulary, so that both agree. */
export const lokiLevel = (pinoLevel: string): string => LOKI_LEVELS[pinoLevel] ?? "info";

/** pino-loki looks levels up by what the line says, and the line already says its word for it. */
export const LEVEL_MAP: Record<string, string> = Object.fromEntries(
  Object.values(LOKI_LEVELS).map((level) => [level, level]),
);
