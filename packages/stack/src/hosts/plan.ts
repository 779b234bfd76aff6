import { createHash } from "node:crypto";
import { BlockList } from "node:net";
import { INTERNAL_SERVICE_NAMES } from "@lgtm-lab/contracts";
import { CLIENT_HOST, GATEWAY_HOST } from "../components/component.ts";
import type { HostLink } from "../env.ts";
import { LabError } from "../terminal/messages.ts";

/** One of the separate hosts: a network namespace with limits. */
export interface Host {
  readonly name: string;
  /** The name of its network namespace in `ip netns`. */
  readonly namespace: string;
  readonly address: string;
  /** Its CPU time, in processors. */
  readonly cpus: number;
  readonly memoryMb: number;
}

/** The hosts of one stack, and the network that connects them with each other and with this machine. */
export interface HostsPlan {
  /** The beginning of the names of its namespaces and cgroups, and the name of this machine's interface. */
  readonly id: string;
  /** The address of this machine in the network. */
  readonly machineAddress: string;
  readonly hosts: readonly Host[];
  /** The connection of each host with the network. */
  readonly link: HostLink;
}

/** A limit that this machine does not support. */
export interface SkippedLimit {
  readonly limit: "cpu" | "memory" | "bandwidth" | "delay";
  /** The limit, and the reason. */
  readonly text: string;
}

/** The virtual machines of the original lab: processors and memory. A service that it did not have gets those of A. */
const SIZES = [
  { name: CLIENT_HOST, cpus: 1, memoryMb: 1024 },
  { name: GATEWAY_HOST, cpus: 2, memoryMb: 2048 },
  ...INTERNAL_SERVICE_NAMES.map((name) => ({ name, cpus: 1, memoryMb: 1024 })),
];

/** The memory limits of all hosts together. */
export const TOTAL_MEMORY_MB = SIZES.reduce((sum, { memoryMb }) => sum + memoryMb, 0);

/**
 * The beginning of the names of everything that belongs to the hosts of a state folder. The name of an interface has at
 * most 15 characters.
 */
export const hostsId = (stateFolder: string): string =>
  `lab-${createHash("sha256").update(stateFolder).digest("hex").slice(0, 6)}`;

/** The namespace of the bridge that connects the hosts. */
export const switchOf = (id: string): string => `${id}-switch`;

/** The private ranges from which a network is chosen. Each has the length of {@link PREFIX_LENGTH}. */
const RANGES = ["10.199.", "172.30.19", "192.168.19"].flatMap((start) =>
  Array.from({ length: 10 }, (_, index) => `${start}${index}`),
);
export const PREFIX_LENGTH = 24;

/**
 * Plans the hosts of a state folder.
 * @param destinations the destinations of this machine's routes, such as `172.17.0.0/16`, which the network must not
 * use.
 * @throws LabError if all ranges are in use.
 */
export function planHosts(
  stateFolder: string,
  link: HostLink,
  machine: { cpus: number; destinations: readonly string[] },
): HostsPlan {
  const range = RANGES.find((each) => !machine.destinations.some((other) => overlap(`${each}.0`, other)));
  if (!range)
    throw new LabError(
      `This machine has routes to all private ranges that --hosts can use (${RANGES[0]}.0/${PREFIX_LENGTH} to ${RANGES.at(-1)}.0/${PREFIX_LENGTH}). Remove the route to one of them.`,
    );
  const id = hostsId(stateFolder);
  const total = SIZES.reduce((sum, { cpus }) => sum + cpus, 0);
  // On a machine with more processors, a host has as many as the virtual machine had.
  const share = Math.round(Math.min(1, machine.cpus / total) * 1000) / 1000;
  return {
    id,
    machineAddress: `${range}.1`,
    hosts: SIZES.map(({ name, cpus, memoryMb }, index) => ({
      name,
      namespace: `${id}-${name}`,
      address: `${range}.${index + 2}`,
      cpus: cpus * share,
      memoryMb,
    })),
    link,
  };
}

/**
 * The shortest prefix of a route to a private network: 10.0.0.0/8. VPN clients replace the default route by shorter
 * ones (0.0.0.0/1 and 128.0.0.0/1), which say as little about the addresses in use as the default route does.
 */
const SHORTEST_PRIVATE_PREFIX = 8;

/** Whether a route leads to addresses of the network, or the network to addresses of the route. */
function overlap(network: string, destination: string): boolean {
  const [address = "", length = "32"] = destination.split("/");
  if (Number(length) < SHORTEST_PRIVATE_PREFIX) return false;
  const contains = (base: string, bits: number, other: string) => {
    const list = new BlockList();
    list.addSubnet(base, bits);
    return list.check(other);
  };
  return contains(network, PREFIX_LENGTH, address) || contains(address, Number(length), network);
}
