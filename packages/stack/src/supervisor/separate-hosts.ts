import type { Component } from "../components/component.ts";
import type { Environment } from "../env.ts";
import {
  addressesOf,
  createSeparateHosts,
  describeHosts,
  onHost,
  planSeparateHosts,
  removeSeparateHosts,
  startForwards,
} from "../hosts/hosts.ts";
import { assertHostsPossible } from "../hosts/network.ts";
import type { Ports } from "../ports.ts";
import { lockedInCache } from "../programs/processes.ts";
import type { Report } from "../terminal/messages.ts";
import { removeHosts } from "./ownership.ts";
import { writeHosts } from "./state-folder.ts";
import type { StackHosts } from "./supervised-component.ts";

/** The separate hosts of a stack that this process owns. */
export interface OwnedHosts extends StackHosts {
  /** Removes the hosts. Call it when no component is running. */
  readonly remove: () => Promise<void>;
}

/**
 * Creates the separate hosts of a stack and connects them with this machine. Only a stack with `--hosts` loads this file.
 * @throws LabError if they cannot be created; what was created is removed before.
 */
export async function openHosts(
  stateFolder: string,
  options: {
    environment: Environment;
    components: readonly Component[];
    ports: Ports;
    tokenIssuer: string | undefined;
    report: Report;
    signal: AbortSignal;
  },
): Promise<OwnedHosts> {
  const { environment, components, report } = options;
  assertHostsPossible();
  try {
    // Two stacks that start at the same time would choose the same range.
    const hosts = await lockedInCache(
      "hosts",
      { ...environment, progress: () => {}, ...options },
      async () => {
        // Those of a killed launcher whose state folder was deleted are not in a file.
        await removeSeparateHosts(stateFolder);
        const plan = await planSeparateHosts(stateFolder, environment.hostLink);
        const planned = plan.hosts.map((host) => ({ ...host, folders: [] }));
        writeHosts(stateFolder, { ...plan, hosts: planned, skipped: [] });
        return await createSeparateHosts(plan);
      },
    );
    writeHosts(stateFolder, hosts);
    const forwards = await startForwards(hosts, components, options);
    report({ type: "note", text: `Separate hosts: ${describeHosts(hosts)}.` });
    return {
      addresses: addressesOf(hosts),
      commandOn: (name, command) => onHost(hosts, name, command),
      remove: async () => {
        for (const each of forwards) each.close();
        await removeHosts(stateFolder);
      },
    };
  } catch (error) {
    await removeHosts(stateFolder);
    throw error;
  }
}
