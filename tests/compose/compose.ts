import { REPOSITORY } from "@lgtm-lab/stack";
import { anyCompose, type Program, versionOf } from "./program.ts";
import { say } from "./say.ts";
import { sh } from "./sh.ts";

/** Apart from a stack that somebody runs from this clone. */
export const PROJECT = "lgtm-lab-test";

let chosen: Promise<Program> | undefined;

async function choose(): Promise<Program> {
  const program = await anyCompose();
  say(await versionOf(program));
  return program;
}

/** Runs a Compose command on the repository's own file. Gives what it printed; throws with that when it fails. */
export async function compose(...args: string[]): Promise<string> {
  chosen ??= choose();
  const [file, ...first] = await chosen;
  return sh(file, [...first, "-p", PROJECT, ...args], { cwd: REPOSITORY });
}

/** The id of a service's container, running or not. */
export async function containerOf(service: string): Promise<string> {
  const filters = [`project=${PROJECT}`, `service=${service}`, "oneoff=False"];
  const ids = await sh("docker", [
    "ps",
    "-aq",
    "--no-trunc",
    ...filters.flatMap((filter) => ["--filter", `label=com.docker.compose.${filter}`]),
  ]);
  const [id] = ids.split("\n");
  if (!id) throw new Error(`${service} has no container`);
  return id;
}
