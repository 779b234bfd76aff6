import { closeSync, copyFileSync, mkdirSync, openSync, readSync, statSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";

const MAX_BYTES = 16 * 1024 * 1024;
const TAIL_BYTES = 64 * 1024;

/** The log file of a component, or of the supervisor. */
export function logFile(state: string, name: string): string {
  return join(state, "logs", `${name}.log`);
}

/**
 * Limits the size of a log, then opens it for appending. The descriptor is for the child, whose output begins at
 * `offset`.
 */
export function openLog(file: string): { descriptor: number; offset: number } {
  mkdirSync(dirname(file), { recursive: true });
  boundLog(file);
  const descriptor = openSync(file, "a");
  return { descriptor, offset: statSync(file).size };
}

/**
 * Keeps a log below a size: its content is moved to `<file>.1`. The file is truncated in place, because a child keeps its
 * descriptor, which is open for appending.
 */
export function boundLog(file: string, maxBytes = MAX_BYTES): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= maxBytes) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file, 0);
}

/** Returns the last lines of a log after `offset`, or an empty list. */
export function tailOf(file: string, lines: number, offset = 0): string[] {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const start = Math.max(offset <= size ? offset : 0, size - TAIL_BYTES);
  if (size === start) return [];
  const buffer = Buffer.alloc(size - start);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, buffer, 0, buffer.length, start);
  } finally {
    closeSync(descriptor);
  }
  const found = buffer.toString("utf8").trimEnd().split("\n");
  if (start > 0 && start !== offset) found.shift(); // the bytes begin in the middle of this line
  return found.slice(-lines);
}

const EVERY_MS = 10_000;

/** Keeps the logs of these components below their maximum size. Returns a function that ends this. */
export function boundLogs(state: string, names: () => readonly string[]): () => void {
  const timer = setInterval(() => {
    for (const name of names()) boundLog(logFile(state, name));
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}
