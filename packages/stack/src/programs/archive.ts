import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { LabError } from "../terminal/failure.ts";

/**
 * Finds the SHA-256 of a file in the output of `sha256sum` (`<hex>  <name>` lines), or in a list that contains only the
 * sum.
 * @throws LabError if the list does not contain the file.
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

/**
 * Unpacks one member of a .tar.gz or .zip, or for `.` all members. If `member` is the name of the file, the file is the
 * program and not an archive.
 * @throws LabError if there is no such member.
 */
export async function unpack(archive: string, folder: string, member: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (basename(archive) === member) {
    await rename(archive, join(folder, member));
    return;
  }
  const found = archive.endsWith(".zip")
    ? await unzip(archive, folder, member)
    : await untar(archive, folder, member);
  if (!found) throw new LabError(`${archive} does not contain ${member}.`);
}

async function untar(file: string, cwd: string, member: string): Promise<boolean> {
  const { extract } = await import("tar"); // only a first start needs it
  let found = member === ".";
  const wanted = (path: string) => member === "." || path.replace(/^\.\//, "") === member;
  await extract({
    file,
    cwd,
    filter: (path) => {
      found ||= wanted(path);
      return wanted(path);
    },
  });
  return found;
}

async function unzip(file: string, folder: string, member: string): Promise<boolean> {
  const { unzipSync } = await import("fflate");
  const files = unzipSync(await readFile(file), { filter: ({ name }) => name === member });
  const content = files[member];
  if (!content) return false;
  await mkdir(dirname(join(folder, member)), { recursive: true });
  await writeFile(join(folder, member), content);
  return true;
}
