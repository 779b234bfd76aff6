import { readFileSync, statSync } from "node:fs";

/** Enough for what the gateway reads: addresses of instances and routes, with comments. */
const MAX_BYTES = 65_536;

/**
 * How often a file is read to notice changes; milliseconds. Polled, because `fs.watch` misses a file that is replaced by
 * a rename or through a symbolic link.
 */
export const FILE_INTERVAL_MS = 500;

/** Reads a small text file. Throws an error that says what is wrong with it. */
export function readSmallFile(path: string): string {
  const about = statSync(path);
  if (!about.isFile()) throw new Error("it is not a file");
  if (about.size > MAX_BYTES) throw new Error(`it has ${about.size} bytes; at most ${MAX_BYTES} are read`);
  return readFileSync(path, "utf8");
}
