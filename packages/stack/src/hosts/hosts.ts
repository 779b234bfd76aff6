import { availableParallelism, totalmem } from "node:os";
import {
  type Component,
  type ComponentContext,
  type HostAddresses,
  portsOf,
} from "../components/component.ts";
import type { HostLink } from "../env.ts";
import { noProxyVariables } from "../no-proxy.mjs";
import { HOST } from "../ports.ts";
import { failureMessage, LabError } from "../terminal/messages.ts";
import { type Forward, startForward } from "./forward.ts";
import { createCgroups, removeCgroups } from "./limits.ts";
import { commandOn, createNetwork, removeNetwork, routeDestinations } from "./network.ts";
import { type Host, type HostsPlan, hostsId, planHosts, type SkippedLimit, TOTAL_MEMORY_MB } from "./plan.ts";

/** The separate hosts of a running stack, as `run/hosts.json` describes them. */
export interface SeparateHosts extends Omit<HostsPlan, "hosts"> {
  readonly hosts: readonly (Host & {
    /** The folders of its cgroups. */
    readonly folders: readonly string[];
  })[];
  readonly skipped: readonly SkippedLimit[];
}

/** Ports on this machine that the hosts connect to: services use the collector and Loki, k6 uses Prometheus. */
const CALLED = ["OTELCOL_GRPC_PORT", "LOKI_PORT", "PROMETHEUS_PORT"] as const;
/** With access tokens, the gateways get the keys from the console. */
const CALLED_WITH_TOKENS = [...CALLED, "CONSOLE_PORT"] as const;

/** Plans the hosts of a state folder, in a range of addresses that this machine does not use. */
export async function planSeparateHosts(stateFolder: string, link: HostLink): Promise<HostsPlan> {
  return planHosts(stateFolder, link, {
    cpus: availableParallelism(),
    destinations: await routeDestinations(),
  });
}

/**
 * Creates the hosts. Throws a LabError if that is not possible; {@link removeSeparateHosts} then removes what exists.
 */
export async function createSeparateHosts(plan: HostsPlan): Promise<SeparateHosts> {
  const skipped = await createNetwork(plan);
  const megabytes = Math.floor(totalmem() / 2 ** 20);
  const hasMemory = megabytes >= TOTAL_MEMORY_MB;
  if (!hasMemory) {
    const text = `memory limits (${TOTAL_MEMORY_MB} MB are needed, and this machine has ${megabytes} MB)`;
    skipped.push({ limit: "memory", text });
  }
  const hosts = plan.hosts.map((host) => {
    const limits = createCgroups(host, hasMemory ? ["cpu", "memory"] : ["cpu"]);
    skipped.push(...limits.skipped.filter(({ limit }) => !skipped.some((each) => each.limit === limit)));
    return { ...host, folders: limits.folders };
  });
  return { ...plan, hosts, skipped };
}

/**
 * Removes the hosts of a state folder, also incomplete ones, and kills the processes that still run on them.
 */
export async function removeSeparateHosts(stateFolder: string): Promise<void> {
  const id = hostsId(stateFolder);
  await removeNetwork(id);
  await removeCgroups(id);
}

/** Describes the hosts and their limits, without a period at the end. What is skipped is named. */
export function describeHosts({ hosts, link, skipped }: SeparateHosts): string {
  const has = (limit: SkippedLimit["limit"]) => !skipped.some((each) => each.limit === limit);
  const list = (...parts: (string | false)[]) => parts.filter((part) => part !== false).join(", ");
  const each = hosts.map(({ name, address, cpus, memoryMb }) => {
    const limits = list(has("cpu") && `${cpus} CPUs`, has("memory") && `${memoryMb} MB`);
    return `${name} ${address}${limits && ` (${limits})`}`;
  });
  const links = list(
    has("bandwidth") && `${link.mbit} Mbit/s in each direction`,
    has("delay") && link.delayMs > 0 && `${link.delayMs} ms delay`,
    has("delay") && link.lossPercent > 0 && `${link.lossPercent} % loss`,
  );
  const without = skipped.map(({ text }) => text).join(", ");
  return [
    each.join(", "),
    ...(links ? [`each with ${links}`] : []),
    ...(without ? [`skipped: ${without}`] : []),
  ].join("; ");
}

/** Returns the addresses in the network of the hosts. */
export const addressesOf = ({ machineAddress, hosts }: HostsPlan): HostAddresses => ({
  machineAddress,
  hosts: Object.fromEntries(hosts.map(({ name, address }) => [name, address])),
});

/**
 * Returns the command that runs a program on a host, and its environment: a proxy is not for the addresses in the
 * network of the hosts.
 */
export function onHost<Given extends Command>(
  { machineAddress, hosts }: SeparateHosts,
  name: string,
  command: Given,
): Given {
  const host = hosts.find((each) => each.name === name);
  if (!host)
    throw new LabError(`Unknown host "${name}". Available: ${hosts.map((each) => each.name).join(", ")}.`);
  const env = noProxyVariables(command.env, [machineAddress, ...hosts.map(({ address }) => address)]);
  return { ...command, ...commandOn(host, command.file, command.args), env: { ...command.env, ...env } };
}

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Forwards each port of a service from its usual address on this machine to its host, so that everything on this
 * machine finds it there: Prometheus, the console, the doctor, the user. Forwards the ports of the backends that the
 * hosts need from this machine's address in their network to loopback, on which the backends listen.
 *
 * This is done here and not by rules of the firewall: nothing in the machine's settings changes, the backends need not
 * listen anywhere else, and it ends with this process. Only the hosts and this machine may connect from the network:
 * the kernel also accepts packets for the address that other machines route here.
 */
export async function startForwards(
  { machineAddress, hosts }: HostsPlan,
  components: readonly Component[],
  { ports, tokenIssuer }: Pick<ComponentContext, "ports" | "tokenIssuer">,
): Promise<Forward[]> {
  const known = new Set([machineAddress, ...hosts.map(({ address }) => address)]);
  const toHosts = components.flatMap((component) => {
    const host = hosts.find(({ name }) => name === component.host)?.address;
    const own = portsOf(component, ports);
    return host ? component.ports.map((variable) => ({ host, port: own[variable] })) : [];
  });
  const forwards = [
    ...toHosts.map((to) => startForward({ host: HOST, port: to.port }, to)),
    ...(tokenIssuer ? CALLED_WITH_TOKENS : CALLED).map((variable) => {
      const port = ports[variable];
      return startForward({ host: machineAddress, port }, { host: HOST, port }, (client) =>
        known.has(client),
      );
    }),
  ];
  const settled = await Promise.allSettled(forwards);
  const started = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failed = settled.find((each) => each.status === "rejected");
  if (!failed) return started;
  for (const each of started) each.close();
  throw new LabError(
    failureMessage({
      what: `Cannot connect the separate hosts with this machine: ${failed.reason.message}.`,
      fix: "free the port, or change its variable (README.md, Addresses)",
    }),
  );
}
