import assert from "node:assert/strict";
import { join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/stack";
import { execa } from "execa";

/** The program of the `lab` command. */
export const LAB_CLI = join(REPOSITORY, "packages/stack/src/cli/main.ts");

/** Runs `npx lab` for the stack of a state folder. Returns its output and its exit code, whatever they are. */
export const runLab = (stateFolder: string, ...args: readonly string[]) =>
  execa(process.execPath, [LAB_CLI, ...args], {
    env: { LAB_STATE: stateFolder },
    extendEnv: false, // settings of the user's shell would be read too
    reject: false,
  });

/** Runs `npx lab` like {@link runLab}; it must succeed. Returns its output. */
export async function labOutput(stateFolder: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await runLab(stateFolder, ...args);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}
