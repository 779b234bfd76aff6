import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The file in `dist/` that contains the hash of the sources it was built from. */
export const BUILT_FROM = ".built-from";

/** Returns the console's folder, which contains `web/` and `dist/`. */
export const consoleFolder = (root: string): string => join(root, "apps/console");

/** Returns whether `dist/` was built from the sources with this hash. */
export function isBuiltFrom(root: string, sources: string): boolean {
  const dist = join(consoleFolder(root), "dist");
  try {
    return readFileSync(join(dist, BUILT_FROM), "utf8") === sources && existsSync(join(dist, "index.html"));
  } catch {
    return false;
  }
}

/**
 * Computes a hash of everything that the built application depends on: its sources, the contracts, the faults and the
 * plots of load tests (without tests), the build scripts, the configuration, and the package lock. This takes a few
 * milliseconds.
 */
export function hashOfSources(root: string): string {
  const folder = consoleFolder(root);
  const filesIn = (at: string, recursive: boolean) =>
    existsSync(at)
      ? readdirSync(at, { recursive, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
      : [];
  const sources = [
    ...["web", "shared", "build"].map((name) => join(folder, name)),
    join(root, "packages/contracts/src"),
    join(root, "packages/faults/src/client"),
    join(root, "load/src"),
  ]
    .flatMap((at) => filesIn(at, true))
    .filter((file) => !/\.test\.tsx?$/.test(file));
  const settings = filesIn(folder, false).filter((file) => /\.(ts|json)$/.test(file));
  const hash = createHash("sha256");
  for (const file of [...sources.toSorted(), ...settings.toSorted(), join(root, "package-lock.json")]) {
    const content = readFileSync(file);
    hash.update(`${file.slice(root.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}
