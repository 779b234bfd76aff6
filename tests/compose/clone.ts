import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "../runner/commands.ts";
import { copyWorkingTree } from "../runner/working-tree.ts";

/** A user that is neither root nor the user of an image. */
const OWNER = 12_345;

const CLONE = `
umask 077
git clone -q -c core.autocrlf=true "$1" "$2"
`;

/**
 * Makes a clone of the working tree with umask 077 and core.autocrlf=true, at a path with a space and a letter that is
 * not ASCII. If root runs this, the clone belongs to another user, because root in a container can always read root's
 * files.
 */
export async function privateClone(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-clone-"));
  const origin = join(folder, "origin");
  const clone = join(folder, "the läb");
  await mkdir(origin);
  await copyWorkingTree(origin);
  await output("bash", ["-e", "-c", CLONE, "clone", origin, clone]);
  if (process.getuid?.() === 0) await output("chown", ["-R", `${OWNER}:${OWNER}`, clone]);
  return clone;
}
