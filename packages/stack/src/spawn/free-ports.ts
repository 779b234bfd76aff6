import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { DEFAULT_PORTS, HOST, PORT_VARIABLES, type Ports } from "../ports.ts";

/** Below the range from which the system takes ports for outgoing connections, so that none is lost in between. */
const LOWEST = 15_000;
const HIGHEST = 30_000;

/** True when nothing listens on the port of 127.0.0.1 (nor on the same port of every address). */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A free port for every variable: for a second stack beside a running one. */
export async function freePorts(): Promise<Ports> {
  const ports: Record<string, number> = { ...DEFAULT_PORTS };
  let candidate = randomInt(LOWEST, HIGHEST - PORT_VARIABLES.length * 4);
  for (const name of PORT_VARIABLES) {
    while (!(await isFree(candidate))) candidate += 1;
    ports[name] = candidate++;
  }
  return ports as Ports;
}
