import { writeSync } from "node:fs";

const secrets = new Set<string>();

/** Removes these secrets from all later messages of this thread, because a receiver's response may repeat them. */
export function redactFromMessages(...values: string[]): void {
  for (const value of values) if (value.length > 2) secrets.add(value);
}

/** Removes the secrets of this thread from a text. */
export function withoutSecrets(text: string): string {
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, "***");
  return clean;
}

/**
 * Writes one line to stderr synchronously, from any thread, so that losses are reported even while the process ends.
 */
export function report(message: string): void {
  try {
    writeSync(2, `telemetry: ${withoutSecrets(message).replace(/\s*[\r\n]+\s*/g, " ")}\n`);
  } catch {
    // stderr is closed or full (EPIPE, EAGAIN). The metrics still count the loss.
  }
}
