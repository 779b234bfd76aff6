import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import pWaitFor from "p-wait-for";
import { readEnvironment } from "../env.ts";
import { isRunning, processInfo } from "../programs/processes.ts";
import { commandLine, failureMessage, LabError, messageOf } from "../terminal/messages.ts";
import { type Host, type HostsPlan, PREFIX_LENGTH, type SkippedLimit, switchOf } from "./plan.ts";

/** A user's PATH often has no folder of root's programs, and `sudo` may keep that PATH. */
const ROOT_FOLDERS = ["/usr/sbin", "/sbin"];
const END_MS = 5000;
/** The bytes that may be sent at once: at least one segment of 64 KB, and what the link carries in 4 ms. */
const burstBytes = (mbit: number) => Math.max(2 ** 17, mbit * 500);

/** The programs that --hosts needs, with the package of Debian that has them. */
const PROGRAMS = { ip: "iproute2", tc: "iproute2", nsenter: "util-linux" } as const;

const searchPath = () => [readEnvironment().basic.PATH ?? "", ...ROOT_FOLDERS].join(delimiter);

/**
 * Checks that this machine can have separate hosts, as far as that is known before they are created.
 * @throws LabError with the fix.
 */
export function assertHostsPossible({
  platform = process.platform,
  user = process.getuid?.(),
  path = searchPath(),
}: {
  platform?: NodeJS.Platform;
  user?: number | undefined;
  path?: string;
} = {}): void {
  if (platform !== "linux")
    throw new LabError("--hosts needs Linux, because its hosts are network namespaces of the kernel.");
  if (user !== 0)
    throw new LabError(
      failureMessage({
        what: "--hosts needs root, because it creates network namespaces and cgroups.",
        fix: 'use sudo env "PATH=$PATH" npx lab …; the files of the stack then belong to root',
      }),
    );
  const missing = Object.keys(PROGRAMS).filter((name) => !isOnPath(name, path));
  if (missing.length === 0) return;
  const packages = new Set(missing.map((name) => PROGRAMS[name as keyof typeof PROGRAMS]));
  throw new LabError(
    failureMessage({
      what: `--hosts needs ${missing.join(", ")}, which cannot be found.`,
      fix: `install the package, on Debian: apt-get install ${[...packages].join(" ")}`,
    }),
  );
}

function isOnPath(name: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A program and its arguments. */
type Argv = readonly [string, ...string[]];

class CommandError extends LabError {
  /** What the program printed. */
  readonly reason: string;

  constructor(reason: string, [file, ...args]: Argv) {
    super(
      failureMessage({
        what: `The separate hosts cannot be created or removed: ${reason}.`,
        command: commandLine(file, args),
        fix: "--hosts needs root; in a container, also the capabilities CAP_SYS_ADMIN and CAP_NET_ADMIN",
      }),
    );
    this.reason = reason;
  }
}

/** Runs a program and returns its output. Throws a CommandError if it fails. */
async function run(command: Argv): Promise<string> {
  const [file, ...args] = command;
  try {
    const { stdout } = await promisify(execFile)(file, args, { env: { PATH: searchPath() } });
    return stdout;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const [line = ""] = (stderr?.trim() || message).split("\n");
    throw new CommandError(line.replace(/^Error: |\.$/g, ""), command);
  }
}

/** Returns the destinations of this machine's routes, such as `172.17.0.0/16`, without the default route. */
export async function routeDestinations(): Promise<string[]> {
  const routes = JSON.parse(await run(["ip", "-4", "-json", "route", "show", "table", "all"])) as {
    dst: string;
  }[];
  return routes.map(({ dst }) => dst).filter((dst) => dst !== "default");
}

/**
 * Returns the commands that create the network. The bridge is in a separate namespace, because this machine's firewall
 * may filter what its own bridges forward (Docker's does). A host has no route except to the network, so it reaches
 * nothing else, and cannot respond to anything else.
 */
export function networkCommands({ id, machineAddress, hosts }: HostsPlan): Argv[] {
  const inSwitch = ["ip", "-n", switchOf(id)] as const;
  const plugIn = (port: string): Argv => [...inSwitch, "link", "set", port, "master", "bridge", "up"];
  return [
    ["ip", "netns", "add", switchOf(id)],
    [...inSwitch, "link", "add", "bridge", "type", "bridge"],
    [...inSwitch, "link", "set", "bridge", "up"],
    ["ip", "link", "add", id, "type", "veth", "peer", "name", "machine", "netns", switchOf(id)],
    ["ip", "address", "add", `${machineAddress}/${PREFIX_LENGTH}`, "dev", id],
    ["ip", "link", "set", id, "up"],
    plugIn("machine"),
    ...hosts.flatMap(({ namespace, address }, index): Argv[] => [
      ["ip", "netns", "add", namespace],
      ["ip", "-n", namespace, "link", "add", INTERFACE, ...vethTo(portOf(index), switchOf(id))],
      ["ip", "-n", namespace, "address", "add", `${address}/${PREFIX_LENGTH}`, "dev", INTERFACE],
      ["ip", "-n", namespace, "link", "set", "lo", "up"],
      ["ip", "-n", namespace, "link", "set", INTERFACE, "up"],
      plugIn(portOf(index)),
    ]),
  ];
}

/** The interface of a host. */
const INTERFACE = "eth0";
/** The other end of a host's interface, in the namespace of the bridge. */
const portOf = (index: number) => `host${index + 1}`;
const vethTo = (peer: string, namespace: string) =>
  ["type", "veth", "peer", "name", peer, "netns", namespace] as const;

/** Returns the commands that limit the bandwidth, for what a host sends and for what it receives. */
export function bandwidthCommands({ id, hosts, link }: HostsPlan): Argv[] {
  const limit = ["root", "handle", "1:", "tbf", "rate", `${link.mbit}mbit`] as const;
  const size = ["burst", `${burstBytes(link.mbit)}`, "latency", "50ms"] as const;
  return hosts.flatMap(({ namespace }, index): Argv[] => [
    ["tc", "-n", namespace, "qdisc", "add", "dev", INTERFACE, ...limit, ...size],
    ["tc", "-n", switchOf(id), "qdisc", "add", "dev", portOf(index), ...limit, ...size],
  ]);
}

/** Returns the commands that delay and drop a part of what a host sends; none if the link does neither. */
export function delayCommands({ hosts, link }: HostsPlan): Argv[] {
  const { delayMs, lossPercent } = link;
  if (delayMs === 0 && lossPercent === 0) return [];
  const netem = ["netem", "delay", `${delayMs * 1000}us`, "loss", `${lossPercent}%`] as const;
  return hosts.map(({ namespace }): Argv => {
    const below = ["parent", "1:1", "handle", "10:"];
    return ["tc", "-n", namespace, "qdisc", "add", "dev", INTERFACE, ...below, ...netem];
  });
}

/** Creates the namespaces and the network between them. Returns the limits that this kernel does not have. */
export async function createNetwork(plan: HostsPlan): Promise<SkippedLimit[]> {
  for (const command of networkCommands(plan)) await run(command);
  const bandwidth = await whyNot(bandwidthCommands(plan));
  // netem is attached to the limit of bandwidth.
  const delay = bandwidth ? "it needs TBF" : await whyNot(delayCommands(plan));
  return [
    ...(bandwidth ? [{ limit: "bandwidth", text: `bandwidth by TBF (${bandwidth})` } as const] : []),
    ...(delay ? [{ limit: "delay", text: `delay and loss by netem (${delay})` } as const] : []),
  ];
}

/** Runs commands that the kernel may not support. Returns the reason if one of them fails. */
async function whyNot(commands: readonly Argv[]): Promise<string | undefined> {
  try {
    for (const command of commands) await run(command);
    return undefined;
  } catch (error) {
    return error instanceof CommandError ? error.reason : messageOf(error);
  }
}

/** Removes the network with this id, even if it is incomplete. Kills the processes that still run in its namespaces. */
export async function removeNetwork(id: string): Promise<void> {
  const namespaces = await namespacesOf(id);
  await Promise.all(namespaces.map(killProcessesIn));
  // Without this, the kernel removes the interface a moment after its namespace.
  if (existsSync(`/sys/class/net/${id}`)) await run(["ip", "link", "delete", id]);
  for (const namespace of namespaces) await run(["ip", "netns", "delete", namespace]);
}

async function namespacesOf(id: string): Promise<string[]> {
  const list = (await run(["ip", "-json", "netns", "list"])).trim();
  const all = list ? (JSON.parse(list) as { name: string }[]) : [];
  return all.map(({ name }) => name).filter((name) => name.startsWith(`${id}-`));
}

async function killProcessesIn(namespace: string): Promise<void> {
  const pids = (await run(["ip", "netns", "pids", namespace])).split("\n").filter(Boolean).map(Number);
  const found = pids.flatMap((pid) => processInfo(pid) ?? []);
  for (const { pid } of found) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
  await pWaitFor(() => !found.some(isRunning), {
    interval: 20,
    timeout: {
      milliseconds: END_MS,
      message: new LabError(
        failureMessage({
          what: `Cannot remove the network namespace ${namespace}: processes still run in it after SIGKILL: ${pids.join(", ")}.`,
          fix: "wait until they have ended, then run npx lab down",
        }),
      ),
    },
  });
}

/** Returns the command that runs a program on a host: in its namespace and its cgroups. */
export function commandOn(
  { namespace, folders }: Pick<Host, "namespace"> & { folders: readonly string[] },
  file: string,
  args: readonly string[],
): { file: string; args: string[] } {
  const enter = folders.map((folder) => `echo $$ > ${commandLine(join(folder, "cgroup.procs"), [])}`);
  return {
    file: "sh",
    args: [
      "-c",
      [...enter, 'exec "$0" "$@"'].join(" && "),
      "nsenter",
      `--net=/run/netns/${namespace}`,
      file,
      ...args,
    ],
  };
}
