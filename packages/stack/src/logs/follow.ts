import { createReadStream, statSync, unwatchFile, watchFile } from "node:fs";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

const POLL_MS = 250;

/** Writes to `output` what is appended to a file from now on, until `signal` aborts. Survives truncation. */
export async function follow(file: string, output: Writable, signal: AbortSignal): Promise<void> {
  let position = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  let copying = Promise.resolve();
  const copyNew = async (size: number) => {
    const start = size < position ? 0 : position;
    if (size === start) return;
    position = size;
    await pipeline(createReadStream(file, { start, end: size - 1 }), output, { end: false });
  };
  watchFile(file, { interval: POLL_MS }, ({ size }) => {
    copying = copying.then(() => copyNew(size));
  });
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  unwatchFile(file);
  await copying;
}
