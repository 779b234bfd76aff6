import { writeSync } from "node:fs";

const secrets = new Set<string>();

/** From now on no message of this thread contains these: a receiver's answer may repeat what it was sent. */
export function hide(...values: string[]): void {
  for (const value of values) if (value.length > 2) secrets.add(value);
}

/** `text` without the secrets of this thread. */
export function withoutSecrets(text: string): string {
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, "***");
  return clean;
}

/** Writes one line to stderr at once, from whichever thread: what is lost must be said even by a dying process. */
export function complain(message: string): void {
  try {
    writeSync(2, `telemetry: ${withoutSecrets(message).replace(/\s*[\r\n]+\s*/g, " ")}\n`);
  } catch {
    // stderr is closed or full (EPIPE, EAGAIN): the metrics still count it.
  }
}
