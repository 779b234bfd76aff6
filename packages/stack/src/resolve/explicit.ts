import { access, constants, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { execa } from "execa";
import type { Binary } from "../components/types.ts";
import { LabError } from "../report/failure.ts";
import { platform } from "./platform.ts";
import type { Resolved } from "./resolve.ts";

/**
 * The program that the user named by hand, e.g. by TEMPO_BIN; nothing when the variable is not set.
 * @throws LabError when there is no program at that path.
 */
export async function explicitPath(
  name: string,
  binary: Binary,
  paths: Readonly<Record<string, string>>,
): Promise<Resolved | undefined> {
  const given = paths[binary.variable];
  if (!given) return undefined;
  const { os, arch } = platform();
  const member = binary.release?.wholeArchive ? binary.release.member(os, arch).replace(/^[^/]+\//, "") : "";
  const path = resolve(given, member);
  const usable = await access(path, constants.X_OK)
    .then(() => stat(path))
    .then(
      (stats) => stats.isFile(),
      () => false,
    );
  if (!usable)
    throw new LabError(`${binary.variable}=${given}, but ${path} is not an executable file (for ${name}).`);
  return { path, version: await versionOf(path), source: "path" };
}

/** What the program itself says: data of one version is not given to another to read. */
async function versionOf(path: string): Promise<string> {
  const { all } = await execa(path, ["--version"], {
    reject: false,
    all: true,
    timeout: 5000,
    stdin: "ignore",
  });
  return /version:?\s+v?(\d[\w.+-]*)/i.exec(all ?? "")?.[1] ?? "custom";
}
