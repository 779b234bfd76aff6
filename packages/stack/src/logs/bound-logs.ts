import { boundLog, logFile } from "./log-file.ts";

const EVERY_MS = 10_000;

/** Keeps the logs of these components below their size while they run; call what it returns to end that. */
export function boundLogs(state: string, names: () => readonly string[]): () => void {
  const timer = setInterval(() => {
    for (const name of names()) boundLog(logFile(state, name));
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}
