import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { COMPONENTS, httpAddress, type Ports, type RunningStack, readEnvironment } from "@lgtm-lab/stack";
import pWaitFor from "p-wait-for";
import { compose, containerOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { readComposeFile } from "./file.ts";

const READY_MS = 60_000;
const POLL_MS = 100;
const STABLE_MS = 5000;

interface State {
  readonly Status: string;
  readonly Pid: number;
  readonly Health?: { readonly Status: string; readonly Log?: readonly { readonly Output: string }[] };
}

/** Returns the state of a service's container, as the engine reports it. */
export async function stateOf(service: string): Promise<State> {
  return JSON.parse(
    await docker("inspect", "--format", "{{json .State}}", await containerOf(service)),
  ) as State;
}

/** Returns when the container's process was started, how often it was restarted, and whether it ran out of memory. */
export async function startOf(service: string): Promise<string> {
  const format = "{{.State.StartedAt}} {{.RestartCount}} {{.State.OOMKilled}}";
  return docker("inspect", "--format", format, await containerOf(service));
}

/** Returns the IP address of a service's container. On Linux, this machine can connect to it. */
export async function addressOf(service: string): Promise<string> {
  return addressOfContainer(await containerOf(service));
}

/** Returns how many calls to an instance with this IP address have succeeded, as the gateway at `base` counts them. */
export async function succeededCalls(base: string, ip: string): Promise<number> {
  const metrics = await (await fetch(`${base}/metrics`)).text();
  const series = new RegExp(`^gateway_upstream_calls_total\\{.*\\b${ip}:.*outcome="ok".*\\} (\\d+)$`, "m");
  return Number(series.exec(metrics)?.[1] ?? 0);
}

/** Like {@link addressOf}, of a container with this id. */
export const addressOfContainer = (id: string): Promise<string> =>
  docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", id);

/**
 * Kills the processes of containers with SIGKILL, as the kernel does when memory runs out. After `docker kill` the engine
 * would not restart them. Runs in a container with the engine's process namespace, so that it also works with a remote
 * engine.
 */
export async function killFromHost(...pids: readonly number[]): Promise<void> {
  const image = readComposeFile().gateway?.image ?? "";
  const privileges = ["--pid=host", "--user=0", "--cap-drop=ALL", "--cap-add=KILL", "--network=none"];
  await docker("run", "--rm", ...privileges, image, "bash", "-c", `kill -9 ${pids.join(" ")}`);
}

/** Returns whether the container is running and its health check, if it has one, passes. */
export async function isReady(service: string): Promise<boolean> {
  const { Status, Health } = await stateOf(service);
  return Status === "running" && (Health === undefined || Health.Status === "healthy");
}

/**
 * Resolves when all of these are ready. Throws with the names and last log lines of those that are not ready in time.
 */
export async function untilReady(services: readonly string[], boundMs = READY_MS): Promise<void> {
  let waiting = [...services];
  const look = async () => {
    const ready = await Promise.all(waiting.map(isReady));
    waiting = waiting.filter((_, index) => !ready[index]);
    return waiting.length === 0;
  };
  await pWaitFor(look, { interval: POLL_MS, timeout: boundMs }).catch(async (cause) => {
    const reports = await Promise.all(waiting.map(reportOf));
    throw new Error(`not ready within ${boundMs / 1000} s: ${waiting.join(", ")}\n${reports.join("\n")}`, {
      cause,
    });
  });
}

/**
 * Resolves when no network interface of this machine has changed for `STABLE_MS`. A container adds interfaces when it
 * starts, and their IPv6 addresses become valid up to two seconds later. With each of these changes Chromium aborts
 * the requests that are connecting, also those to loopback (net::ERR_NETWORK_CHANGED).
 */
export async function untilNetworkIsStable(): Promise<void> {
  let last = "";
  let since = Date.now();
  const isStable = async () => {
    // Linux also shows here whether an IPv6 address is valid yet.
    const addresses = await readFile("/proc/net/if_inet6", "utf8").catch(() => "");
    const current = JSON.stringify(networkInterfaces()) + addresses;
    if (current !== last) since = Date.now();
    last = current;
    return Date.now() - since >= STABLE_MS;
  };
  await pWaitFor(isStable, { interval: POLL_MS, timeout: READY_MS });
}

async function reportOf(service: string): Promise<string> {
  const { Status, Health } = await stateOf(service);
  const log = await compose("logs", "--tail=15", service).catch(String);
  return `${service} is ${Status}, ${Health?.Log?.at(-1)?.Output ?? "without a health check"}\n${log}`;
}

function noLauncher(): never {
  throw new Error("Not available for containers: the launcher does not run them.");
}

/** Returns `http://127.0.0.1:<port>` with the first port of a component. */
export function httpAddressOf(ports: Ports, name: string): string {
  const [port] = COMPONENTS.find((component) => component.name === name)?.ports ?? [];
  if (!port) throw new Error(`${name} has no port`);
  return httpAddress(ports, port);
}

/**
 * Returns the running stack in containers, with the interface that end-to-end tests use for the native one. The
 * environment names its ports. Operations that are not possible with containers throw.
 */
export function composeStack(): RunningStack {
  const { ports } = readEnvironment();
  const fault = async (...args: string[]) => {
    await compose("run", "--rm", "-T", "fault", ...args);
  };
  return {
    get stateFolder() {
      return noLauncher();
    },
    ports,
    instances: {},
    address: (name) => httpAddressOf(ports, name),
    async startComponent(name) {
      await compose("start", name);
      await untilReady([name]);
    },
    stopComponent: async (name) => {
      await compose("stop", name);
    },
    killComponent: (name) => {
      void stateOf(name).then(({ Pid }) => killFromHost(Pid));
    },
    pid: () => noLauncher(),
    record: () => noLauncher(),
    setFault: (name, { forMs = 300_000 } = {}) => fault(name, `${forMs / 1000}`),
    async endFaults(name) {
      await fault("fix");
      return name === undefined ? [] : [name];
    },
    faults: () =>
      Promise.reject(new Error("Not available for containers: read the faults from the console.")),
    down: async () => {
      await compose("down");
    },
  };
}
