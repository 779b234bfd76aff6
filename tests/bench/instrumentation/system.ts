import { existsSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { Profiler } from "node:inspector";
import { join } from "node:path";
import { freePort } from "@lgtm-lab/stack";
import { execa } from "execa";
import { eventually } from "../../e2e/support/within.ts";
import { cpuSecondsOf } from "../lab.ts";
import type { ClientOptions, Variant } from "./variants.ts";

const READY_MS = 20_000;

/** A process that execa has started. The promise resolves when it has ended. */
interface Child extends Promise<unknown> {
  readonly pid?: number | undefined;
  kill(signal: NodeJS.Signals): boolean;
}

/** Where requests are sent, and how. */
export interface Target extends ClientOptions {
  readonly base: string;
}

/** The processes of a variant. */
export interface System {
  readonly target: Target;
  /** CPU time of all threads in µs since the start: of the gateway, and of the services. */
  cpu(): { gateway: number; services: number };
  /** Runs work and returns a CPU profile of each process during it. Only if the system has a folder for profiles. */
  profile(work: () => Promise<void>): Promise<Record<string, Profiler.Profile>>;
  stop(): Promise<void>;
}

/** Starts a variant on free ports and waits until both routes respond. `profiles` is a folder for CPU profiles. */
export async function startSystem(variant: Variant, profiles?: string): Promise<System> {
  const children: Child[] = [];
  try {
    return await startProcesses(variant, profiles, children);
  } catch (error) {
    await stopAll(children);
    throw error;
  }
}

async function startProcesses(
  { name: variant, gateway, services, env, extraEnv = {}, instancesOfA = 1, client = {} }: Variant,
  profiles: string | undefined,
  children: Child[],
): Promise<System> {
  const files: Record<string, string> = {};
  const start = (program: Variant["gateway"], name: string, variables: Record<string, string>) => {
    const profiler = profiles === undefined ? [] : [`--import=${join(import.meta.dirname, "profiler.ts")}`];
    if (profiles !== undefined) files[name] = join(profiles, `${fileNameOf(variant, name)}.cpuprofile`);
    // execa ends it with this process.
    const child = execa(process.execPath, [...profiler, ...program.execArgv, ...program.args], {
      env: { OTEL_SERVICE_NAME: name, PROFILE_FILE: files[name] ?? "", ...env, ...variables },
      stdio: ["ignore", "ignore", "inherit"], // log lines are written, but not read
      reject: false,
    });
    children.push(child);
    return child;
  };
  const a = [];
  for (let index = 0; index < instancesOfA; index += 1) a.push(await freePort());
  const [b, port] = [await freePort(), await freePort()];
  const admin = { FAULT_ADMIN_PORT: "0", FAULT_ADMIN_TOKEN: "bench" };
  const startService = (name: "service-a" | "service-b", grpcPort: number) =>
    start(services[name], name, { PORT: "0", GRPC_PORT: `${grpcPort}`, ...admin, ...extraEnv[name] });
  const behind = [...a.map((each) => startService("service-a", each)), startService("service-b", b)];
  const front = start(gateway, "gateway", {
    PORT: `${port}`,
    SERVICE_A_GRPC: a.map((each) => `127.0.0.1:${each}`).join(","),
    SERVICE_B_GRPC: `127.0.0.1:${b}`,
    ...admin,
    ...extraEnv.gateway,
  });
  const target = { base: `${client.ca === undefined ? "http" : "https"}://127.0.0.1:${port}`, ...client };
  for (const path of ["/a/hello?name=Ana", "/b/numbers?count=10"])
    await eventually(`${variant}: ${path} responds`, () => responds(target, path), READY_MS);
  return {
    target,
    cpu: () => ({ gateway: cpuUs(front), services: behind.reduce((sum, child) => sum + cpuUs(child), 0) }),
    async profile(work) {
      // Files of an earlier run would be read before the new ones are written.
      for (const file of Object.values(files)) rmSync(file, { force: true });
      for (const child of children) child.kill("SIGUSR2");
      await work();
      for (const child of children) child.kill("SIGUSR2");
      await eventually("the profiles are written", async () => Object.values(files).every(existsSync));
      const read = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Profiler.Profile;
      return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, read(file)]));
    },
    stop: () => stopAll(children),
  };
}

/** The name of a commit may contain a slash. */
export const fileNameOf = (variant: string, process: string): string =>
  `${variant}, ${process}`.replaceAll("/", "-");

async function stopAll(children: readonly Child[]): Promise<void> {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children);
}

const responds = (target: Target, path: string) =>
  statusOf(target, path).then(
    (status) => status === 200,
    () => false,
  );

/** Returns an agent with a number of connections to a target. */
export const agentFor = ({ ca }: Target, connections: number): http.Agent => {
  const options = { keepAlive: true, maxSockets: connections };
  return ca === undefined ? new http.Agent(options) : new https.Agent({ ...options, ca });
};

/** Sends a request, and returns the status of its response when it is complete. */
export function statusOf(target: Target, path: string, agent?: http.Agent): Promise<number | undefined> {
  const { base, headers = {}, ca } = target;
  const { get } = ca === undefined ? http : https;
  return new Promise((resolve, reject) => {
    const request = get(
      base + path,
      { ...(agent && { agent }), ...(ca !== undefined && { ca }), headers },
      (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      },
    );
    request.on("error", reject);
  });
}

const cpuUs = ({ pid }: Child): number => cpuSecondsOf(pid ?? Number.NaN) * 1e6;
