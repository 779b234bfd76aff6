import { execa } from "execa";
import getPort from "get-port";
import { eventually } from "../../e2e/support/within.ts";
import { cpuSecondsOf } from "../lab.ts";
import type { Variant } from "./variants.ts";

const READY_MS = 20_000;

/** A process that execa has started. The promise resolves when it has ended. */
interface Child extends Promise<unknown> {
  readonly pid?: number | undefined;
  kill(signal: NodeJS.Signals): boolean;
}

/** The processes of a variant. */
export interface System {
  readonly base: string;
  /** CPU time of all threads in µs since the start: of the gateway, and of the services. */
  cpu(): { gateway: number; services: number };
  stop(): Promise<void>;
}

/** Starts a variant on free ports and waits until both routes respond. */
export async function startSystem(variant: Variant): Promise<System> {
  const children: Child[] = [];
  try {
    return await startProcesses(variant, children);
  } catch (error) {
    await stopAll(children);
    throw error;
  }
}

async function startProcesses({ gateway, services, env }: Variant, children: Child[]): Promise<System> {
  const start = (program: Variant["gateway"], name: string, variables: Record<string, string>) => {
    // execa ends it with this process.
    const child = execa(process.execPath, [...program.execArgv, ...program.args], {
      env: { OTEL_SERVICE_NAME: name, ...env, ...variables },
      stdio: ["ignore", "ignore", "inherit"], // log lines are written, but nobody reads them
      reject: false,
    });
    children.push(child);
    return child;
  };
  const [a, b, port] = [await getPort(), await getPort(), await getPort()];
  const admin = { FAULT_ADMIN_PORT: "0", FAULT_ADMIN_TOKEN: "bench" };
  const behind = [
    start(services["service-a"], "service-a", { PORT: "0", GRPC_PORT: `${a}`, ...admin }),
    start(services["service-b"], "service-b", { PORT: "0", GRPC_PORT: `${b}`, ...admin }),
  ];
  const front = start(gateway, "gateway", {
    PORT: `${port}`,
    SERVICE_A_GRPC: `127.0.0.1:${a}`,
    SERVICE_B_GRPC: `127.0.0.1:${b}`,
    ...admin,
  });
  const base = `http://127.0.0.1:${port}`;
  for (const path of ["/a/hello?name=Ana", "/b/numbers?count=10"])
    await eventually(`${path} responds`, () => responds(base + path), READY_MS);
  return {
    base,
    cpu: () => ({ gateway: cpuUs(front), services: behind.reduce((sum, child) => sum + cpuUs(child), 0) }),
    stop: () => stopAll(children),
  };
}

async function stopAll(children: readonly Child[]): Promise<void> {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children);
}

const responds = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

const cpuUs = ({ pid }: Child): number => cpuSecondsOf(pid ?? Number.NaN) * 1e6;
