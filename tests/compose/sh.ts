import { execa, type Options } from "execa";
import { environment } from "./env.ts";

/** Settings for all programs that are started later: the engine's address, the stack's ports. */
export function use(variables: Readonly<Record<string, string>>): void {
  Object.assign(environment, variables);
}

/** Runs a program and returns its output. Throws with the output if it fails. */
export async function sh(file: string, args: readonly string[], options: Options = {}): Promise<string> {
  const { stdout } = await execa(file, [...args], { env: environment, ...options });
  return String(stdout);
}

/** Whether a program can be run and exits 0. */
export async function works(file: string, ...args: string[]): Promise<boolean> {
  const { exitCode } = await execa(file, args, { env: environment, reject: false });
  return exitCode === 0;
}

export const docker = (...args: string[]): Promise<string> => sh("docker", args);
