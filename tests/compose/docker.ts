import { output } from "../runner/commands.ts";

/** Runs a command of the Docker client. Returns its output. */
export const docker = (...args: string[]): Promise<string> => output("docker", args);
