import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { LabError } from "../report/failure.ts";

/**
 * The SHA-256 of one file from a list as `sha256sum` writes it (`<hex>  <name>` a line), or from a list of that alone.
 * @throws LabError when the list does not name the file.
 */
export function checksumFor(asset: string, list: string): string {
  for (const line of list.split("\n")) {
    const match = /^([0-9a-f]{64})(?:\s+\*?(?:\.\/)?(\S+))?\s*$/i.exec(line);
    if (match?.[1] && (match[2] === undefined || match[2] === asset)) return match[1].toLowerCase();
  }
  throw new LabError(`The release's checksum file does not list ${asset}.`);
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
