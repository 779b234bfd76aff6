import { REPOSITORY } from "@lgtm-lab/stack";
import type { Options } from "execa";
import { output } from "../runner/commands.ts";
import { printProgress } from "../runner/phases.ts";
import { COMPOSE_FILES } from "./file.ts";
import { anyCompose, type Program, versionOf } from "./program.ts";

/** Separate from a stack that a user runs from this clone. */
export const PROJECT = "lgtm-lab-test";

let chosen: Promise<Program> | undefined;

async function choose(): Promise<Program> {
  const program = await anyCompose();
  printProgress(await versionOf(program));
  return program;
}

/** Runs a Compose command on the file of this repository. Returns its output; throws with the output if it fails. */
export async function compose(...args: string[]): Promise<string> {
  return run(args);
}

/** Runs a Compose command with further environment variables. */
export async function composeWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  return run(args, { env });
}

/** Runs a Compose command on docker-compose.yml and docker-compose.tls.yml, with further environment variables. */
export async function composeTls(env: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  return run([...COMPOSE_FILES.tls.flatMap((file) => ["-f", file]), ...args], { env });
}

/** Runs a Compose command on the file of another clone. */
export async function composeIn(clone: string, ...args: string[]): Promise<string> {
  return run(args, { cwd: clone });
}

/** The steps of a build, as the old and the new builder call them: `Step 3/12 : RUN …`, `#7 [web 2/3] RUN …`. */
const STEP = /^Step \d+\/\d+ : |^#\d+ \[/;

/** Builds our images, and reports each step. */
export async function composeBuild(tell: (step: string) => void): Promise<void> {
  const look = function* (line: unknown) {
    if (STEP.test(String(line))) tell(String(line).slice(0, 100));
    yield line;
  };
  await run(["build"], { stdout: look, stderr: look });
}

async function run(args: readonly string[], options: Options = {}): Promise<string> {
  chosen ??= choose();
  const [file, ...first] = await chosen;
  return output(file, [...first, "-p", PROJECT, ...args], { cwd: REPOSITORY, ...options });
}

/** Returns the id of a service's container, running or not. */
export async function containerOf(service: string): Promise<string> {
  const [id] = await containersOf(service);
  if (!id) throw new Error(`${service} has no container`);
  return id;
}

/** Returns the ids of all containers of a service, running or not. */
export async function containersOf(service: string): Promise<string[]> {
  const filters = [`project=${PROJECT}`, `service=${service}`, "oneoff=False"];
  const ids = await output("docker", [
    "ps",
    "-aq",
    "--no-trunc",
    ...filters.flatMap((filter) => ["--filter", `label=com.docker.compose.${filter}`]),
  ]);
  return ids.split("\n").filter((id) => id !== "");
}
