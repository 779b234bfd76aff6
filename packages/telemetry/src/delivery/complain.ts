import { writeSync } from "node:fs";

/** Writes one line to stderr at once, from whichever thread: what is lost must be said even by a dying process. */
export function complain(message: string): void {
  try {
    writeSync(2, `telemetry: ${message}\n`);
  } catch {
    // stderr is closed or full (EPIPE, EAGAIN): the metrics still count it.
  }
}
