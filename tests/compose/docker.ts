import { output } from "../runner/commands.ts";

/** Runs a command of the Docker client and returns what it printed. */
export const docker = (...args: string[]): Promise<string> => output("docker", args);
