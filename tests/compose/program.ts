import { composeProgram, resolveTool } from "@lgtm-lab/stack";
import { canRun, output } from "../runner/commands.ts";
import { environment } from "../runner/env.ts";
import { DOCKER_WITH_COMPOSE, install } from "./engine.ts";

/** A Compose, and the arguments that come before any command. */
export type Program = readonly [string, ...string[]];

const PLUGIN: Program = ["docker", "compose"];

/** Returns whether this machine's `docker` has Compose, which is then v2 or later. */
export const hasPlugin = (): Promise<boolean> => canRun(...PLUGIN, "version");

const built = async (): Promise<Program> => [await resolveTool("compose", composeProgram)];

/**
 * Returns the Compose that starts the stack: `LAB_COMPOSE`, `docker compose` or `docker-compose`, which may be 1.29. If
 * there is none, installs Debian's `docker-compose`.
 * @throws Error with the fix if it cannot be installed.
 */
export async function anyCompose(): Promise<Program> {
  if (environment.LAB_COMPOSE) return await built();
  if (await hasPlugin()) return PLUGIN;
  if (!(await canRun("docker-compose", "version"))) await install("docker-compose", DOCKER_WITH_COMPOSE);
  return ["docker-compose"];
}

/** Returns a current Compose: `LAB_COMPOSE`, or `docker compose`, or the one of `tools/go/compose`. */
export async function currentCompose(): Promise<Program> {
  return !environment.LAB_COMPOSE && (await hasPlugin()) ? PLUGIN : await built();
}

/** Its version, in one line. */
export async function versionOf([file, ...first]: Program): Promise<string> {
  const [line = ""] = (await output(file, [...first, "version"])).split("\n");
  return `${[file, ...first].join(" ")}: ${line}`;
}
