import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of the console, whose `web/` is built into `dist/`. */
export const consoleFolder = (root: string) => join(root, "apps/console");

/**
 * A hash of everything that the built application depends on: its sources (but their tests), its settings, and the exact
 * versions of all packages. Some milliseconds.
 */
export function hashOfSources(root: string): string {
  const folder = consoleFolder(root);
  const sources = readdirSync(join(folder, "web"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const settings = [
    join(folder, "vite.config.ts"),
    join(folder, "package.json"),
    join(root, "package-lock.json"),
  ];
  const hash = createHash("sha256");
  for (const file of [...sources, ...settings]) {
    const content = readFileSync(file);
    hash.update(`${file.slice(root.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}
