import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of the console, whose `web/` is built into `dist/`. */
export const consoleFolder = (root: string) => join(root, "apps/console");

/**
 * A hash of everything that the built application depends on: its sources and the contracts (but their tests), its settings,
 * and the exact versions of all packages. Some milliseconds.
 */
export function hashOfSources(root: string): string {
  const folder = consoleFolder(root);
  const filesIn = (at: string, recursive: boolean) =>
    readdirSync(at, { recursive, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const sources = [join(folder, "web"), join(root, "packages/contracts/src")]
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
