import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/stack";
import { output } from "../runner/commands.ts";

/** A user that is neither root nor the user of an image. */
const OWNER = 12_345;

// The working tree, with uncommitted changes, becomes a new repository, from which the clone is made.
const SCRIPT = `
umask 022
mkdir "$2/origin"
cd "$1"
git ls-files -z --cached --others --exclude-standard |
  tar -c --null --files-from - --ignore-failed-read 2>/dev/null | tar -x -C "$2/origin"
cd "$2/origin"
git init -q
git add -A
git -c user.name=test -c user.email=test@localhost commit -q -m "the working tree"
umask 077
git clone -q -c core.autocrlf=true . "$2/$3"
`;

/**
 * Makes a clone of the working tree with umask 077 and core.autocrlf=true, at a path with a space and a letter that is not
 * ASCII. Where root runs this, the clone belongs to another user: root in a container would read its own files in any case.
 */
export async function privateClone(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-clone-"));
  const name = "the läb";
  await output("bash", ["-eo", "pipefail", "-c", SCRIPT, "clone", REPOSITORY, folder, name]);
  const clone = join(folder, name);
  if (process.getuid?.() === 0) await output("chown", ["-R", `${OWNER}:${OWNER}`, clone]);
  return clone;
}
