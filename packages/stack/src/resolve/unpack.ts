import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { unzipSync } from "fflate";
import { extract } from "tar";
import { LabError } from "../report/failure.ts";

/**
 * Unpacks one member of a .tar.gz or .zip, or, for `.`, all of it. What is named as its only member is no archive but the
 * program itself.
 * @throws LabError when there is no such member.
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
  const files = unzipSync(await readFile(file), { filter: ({ name }) => name === member });
  const content = files[member];
  if (!content) return false;
  await mkdir(dirname(join(folder, member)), { recursive: true });
  await writeFile(join(folder, member), content);
  return true;
}
