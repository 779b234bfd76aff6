import type { Component } from "../components/types.ts";
import { HOST, type Ports } from "../ports.ts";
import { failureMessage, LabError } from "../report/failure.ts";
import { isFree } from "./free-ports.ts";
import { portHolder } from "./port-holder.ts";

/**
 * Checks every port that the components open, before any of them starts.
 * @throws LabError that names, for each port in use: the port, who wants it, who holds it, the variable that moves it.
 */
export async function refuseTakenPorts(components: readonly Component[], ports: Ports): Promise<void> {
  const wanted = components.flatMap(({ name, ports }) => ports.map((variable) => ({ name, variable })));
  const free = await Promise.all(wanted.map(({ variable }) => isFree(ports[variable])));
  const taken = wanted.filter((_, index) => !free[index]);
  if (taken.length === 0) return;
  throw new LabError(
    taken
      .map(({ name, variable }) => {
        const port = ports[variable];
        const holder = portHolder(port);
        const who = holder ? `pid ${holder.pid} (${holder.command})` : "another user's process";
        return failureMessage({
          what: `Port ${port} of ${HOST}, which ${name} needs, is in use by ${who}.`,
          fix: `stop that process, or move ${name} with ${variable}=<another port>`,
        });
      })
      .join("\n"),
  );
}
