import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { RunningStack } from "@lgtm-lab/stack";
import { env } from "./env.ts";

/** Lets the tests, which run in other processes, stop and start components: `POST /stop/tempo`. */
export async function serveControl(stack: RunningStack): Promise<{ address: string; close: () => void }> {
  const server = createServer(async (request, response) => {
    const [, act, name = ""] = (request.url ?? "").split("/");
    try {
      if (act === "stop") await stack.stopComponent(name);
      else if (act === "start") await stack.startComponent(name);
      else throw new Error(`unknown action: ${request.url}`);
      response.end("done");
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** Whether components can be stopped here. */
export const canControl = env.LAB_CONTROL_URL !== undefined;

/** Stops or starts a component of the stack under test; resolves when this is done. */
export async function control(act: "stop" | "start", name: string): Promise<void> {
  const response = await fetch(`${env.LAB_CONTROL_URL}/${act}/${name}`, { method: "POST" });
  if (!response.ok) throw new Error(`${act} ${name}: ${await response.text()}`);
}
