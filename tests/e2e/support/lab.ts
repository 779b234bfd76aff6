import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before } from "node:test";
import type { ServiceName } from "@lgtm-lab/contracts";
import { HOST, type PortVariable, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import { readOwner } from "../../../packages/stack/src/supervisor/ownership.ts";
import { composeStack } from "../../compose/stack.ts";
import { kubernetesStack } from "../../kubernetes/stack.ts";
import { inContainers, target } from "./env.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test");

let started: Promise<RunningStack> | undefined;

/**
 * Returns the stack that all end-to-end tests share: real processes, on free ports and with a separate state folder, so
 * that the tests also pass while a demo runs. In containers it is the stack that already runs, and it keeps running.
 */
export const lab = (): Promise<RunningStack> => {
  started ??= start();
  return started;
};

async function start(): Promise<RunningStack> {
  if (target === "compose") return composeStack();
  if (target === "kubernetes") return kubernetesStack();
  const owner = readOwner(STATE_FOLDER);
  // Phases of tests/run.ts that use this stack may not run at the same time.
  if (owner?.alive) throw new Error(`${STATE_FOLDER} is in use by the tests of process ${owner.pid}.`);
  await rm(STATE_FOLDER, { recursive: true, force: true });
  return startStack({ stateFolder: STATE_FOLDER, ports: "free" });
}

// All files run in one process (--test-isolation=none), so these are the first and the last step of the run.
before(lab);
after(async () => {
  if (!inContainers) await (await started)?.down();
});

/** Returns base URLs of the shared stack. */
export async function urls() {
  const stack = await lab();
  return {
    tempo: stack.address("tempo"),
    loki: stack.address("loki"),
    prometheus: stack.address("prometheus"),
    collector: `http://${await hostPort("OTELCOL_HTTP_PORT")}`,
    collectorGrpc: await hostPort("OTELCOL_GRPC_PORT"),
    /** The address of the service that receives a request. */
    base: (request: { gateway: ServiceName }) => stack.address(request.gateway),
  };
}

/** `host:port` of any port of the shared stack. */
export async function hostPort(port: PortVariable): Promise<string> {
  return `${HOST}:${(await lab()).ports[port]}`;
}

/** Returns the process id of a component that runs. */
export async function pidOf(name: string): Promise<number> {
  const pid = (await lab()).pid(name);
  if (pid === undefined) throw new Error(`${name} is not running`);
  return pid;
}
