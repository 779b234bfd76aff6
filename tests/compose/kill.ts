import { docker } from "./docker.ts";
import { readComposeFile } from "./file.ts";
import { stateOf } from "./stack.ts";

/**
 * Kills a container's process with SIGKILL, as the kernel would: not by `docker kill`, after which the engine does not
 * restart it. From a container that sees the engine's processes, so that it works wherever the engine is.
 */
export async function killAsAStranger(service: string): Promise<void> {
  const { Pid } = await stateOf(service);
  const image = readComposeFile().gateway?.image ?? "";
  const privileges = ["--pid=host", "--user=0", "--cap-drop=ALL", "--cap-add=KILL", "--network=none"];
  await docker("run", "--rm", ...privileges, image, "bash", "-c", `kill -9 ${Pid}`);
}
