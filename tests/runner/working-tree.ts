import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/stack";
import { output } from "./commands.ts";

const SCRIPT = `
umask 022
git ls-files -z --cached --others --exclude-standard |
  tar -c --null --files-from - --ignore-failed-read 2>/dev/null | tar -x -C "$1"
cd "$1"
git init -q
git add -A
git -c user.name=test -c user.email=test@localhost commit -q -m "the working tree"
`;

/** Returns the folders of the npm workspaces in a clone, relative to its root. */
export function workspaceFolders(root: string = REPOSITORY): string[] {
  const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    workspaces: string[];
  };
  return globSync(
    workspaces.map((folder) => `${folder}/package.json`),
    { cwd: root },
  ).map((file) => dirname(file));
}

/**
 * Copies the working tree, with uncommitted changes, into an existing empty folder, and makes a repository of the copy.
 */
export async function copyWorkingTree(folder: string): Promise<void> {
  await output("bash", ["-eo", "pipefail", "-c", SCRIPT, "copy", folder], { cwd: REPOSITORY });
}
