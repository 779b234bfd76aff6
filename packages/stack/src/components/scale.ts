import {
  type FurtherInstances,
  instanceName,
  MAX_INSTANCES,
  SCALABLE,
  SERVICES,
  type ServiceName,
  serviceAddressVariables,
  unknownName,
} from "@lgtm-lab/contracts";
import getPort, { portNumbers } from "get-port";
import { HOST, isBlocked, PORT_VARIABLES, type Ports, type PortVariable } from "../ports.ts";
import { LabError } from "../terminal/messages.ts";
import type { Component } from "./component.ts";
import { COMPONENTS } from "./index.ts";

/** The numbers of instances of services; one if a service is missing. */
export type Scale = Readonly<Partial<Record<ServiceName, number>>>;

/**
 * Reads the values of `--scale`, such as `service-a=3`.
 * @param given the user's settings for the services: addresses in them would hide the instances from the gateways.
 * @throws LabError with the fix for anything else.
 */
export function parseScale(values: readonly string[], given: Readonly<Record<string, string>> = {}): Scale {
  const scale: Partial<Record<ServiceName, number>> = {};
  for (const value of values) {
    const [, name, count] = /^([^=]*)=(.*)$/.exec(value) ?? [];
    if (name === undefined || count === undefined)
      throw new LabError(
        `--scale ${value} is not valid: write the service and its number of instances, such as --scale service-a=3.`,
      );
    const service = scalable(name);
    if (!/^\d{1,2}$/.test(count) || Number(count) < 1 || Number(count) > MAX_INSTANCES)
      throw new LabError(
        `--scale ${value} is not valid: the number of instances must be a whole number from 1 to ${MAX_INSTANCES}.`,
      );
    if (scale[service] !== undefined)
      throw new LabError(`--scale ${service} is given twice: leave out one of them.`);
    const conflict = Object.values(serviceAddressVariables(service)).find((variable) => given[variable]);
    if (conflict && Number(count) > 1)
      throw new LabError(
        `--scale ${value} has no effect while ${conflict} is set, because the gateways call the addresses in it: unset ${conflict}, or leave out --scale.`,
      );
    scale[service] = Number(count);
  }
  return scale;
}

function scalable(name: string): (typeof SCALABLE)[number] {
  const service = SCALABLE.find((each) => each === name);
  if (service) return service;
  if (COMPONENTS.some((component) => component.name === name))
    throw new LabError(
      `${name} cannot be scaled: only services behind the gateways can have several instances. Available: ${SCALABLE.join(", ")}.`,
    );
  throw new LabError(unknownName("service", name, SCALABLE));
}

/** The distance between the preferred ports of two instances of a service. */
const PORT_STEP = 100;
const MAX_PORT = 65_535;

/**
 * Chooses the ports of the further instances: those of the first one plus 100, 200, …, or the next ones that are free.
 * Only the stack itself needs to know them.
 */
export async function furtherInstances(scale: Scale, ports: Ports): Promise<FurtherInstances> {
  const taken = new Set<number>(PORT_VARIABLES.map((name) => ports[name]));
  const choose = async (variable: PortVariable, number: number) => {
    const first = ports[variable] + (number - 1) * PORT_STEP;
    const last = first + PORT_STEP - 1;
    const wanted = last > MAX_PORT ? [] : [...portNumbers(first, last)];
    const blocked = wanted.filter((port) => isBlocked(variable, port));
    const port = await getPort({ host: HOST, port: wanted, exclude: [...taken, ...blocked] });
    taken.add(port);
    return port;
  };
  const all: Record<string, Partial<Ports>[]> = {};
  for (const [service, count] of Object.entries(scale) as [ServiceName, number][])
    for (let number = 2; number <= count; number += 1) {
      const own: Partial<Record<PortVariable, number>> = {};
      for (const { variable } of Object.values<{ variable: PortVariable }>(SERVICES[service].ports))
        own[variable] = await choose(variable, number);
      all[service] = [...(all[service] ?? []), own];
    }
  return all;
}

/** Returns the names of the components of a stack with these instances. */
export const namesWithInstances = (scale: Scale): string[] =>
  COMPONENTS.flatMap(({ name }) =>
    Array.from({ length: scale[name as ServiceName] ?? 1 }, (_, index) =>
      index === 0 ? name : instanceName(name as ServiceName, index + 1),
    ),
  );

/** Adds the further instances of services to the components of a stack. */
export const withInstances = (components: readonly Component[], further: FurtherInstances): Component[] =>
  components.flatMap((component) => {
    const own = further[component.name as ServiceName];
    return own ? [{}, ...own].map((ports, index) => instanceOf(component, index + 1, ports)) : [component];
  });

/** Returns one of several instances of a service. Their spans and log lines differ in `service.instance.id`. */
function instanceOf(service: Component, number: number, ownPorts: Partial<Ports>): Component {
  const name = instanceName(service.name as ServiceName, number);
  return {
    ...service,
    name,
    ownPorts,
    env: (context) => {
      const env = service.env?.(context) ?? {};
      return {
        ...env,
        OTEL_RESOURCE_ATTRIBUTES: `${env.OTEL_RESOURCE_ATTRIBUTES},service.instance.id=${name}`,
      };
    },
  };
}
