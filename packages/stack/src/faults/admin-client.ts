import { z } from "zod";
import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { LabError } from "../terminal/failure.ts";
import { readFaultToken } from "./token.ts";

const ANSWER_MS = 5000;

const faultStates = z.array(z.object({ name: z.string(), until: z.nullable(z.iso.datetime()) }));
export type FaultStates = z.infer<typeof faultStates>;

/** The stack whose faults are meant: its state folder and its ports. */
export interface Where {
  readonly state: string;
  readonly ports: Ports;
}

/** How the faults of a stack are reached, whoever started it. */
export interface FaultSite {
  /** The base address of an admin port. */
  readonly address: (port: PortVariable) => string;
  readonly token: () => string;
  /** The state folder of the launcher that runs, which kills whom it finds doomed there; nothing where there is none. */
  readonly launcher: () => string | undefined;
}

/** The faults of a stack that the lab has started on this machine. */
export const siteOf = ({ state, ports }: Where): FaultSite => ({
  address: (port) => httpAddress(ports, port),
  token: () => readFaultToken(state),
  launcher: () => state,
});

/**
 * Asks one service's fault admin port, which answers with all its faults.
 * @returns nothing when nobody listens there: then the service does not run, and has no fault.
 * @throws LabError with the answer when it is not 200.
 */
export async function askFaultAdmin(
  { address, token }: FaultSite,
  port: PortVariable,
  method: "GET" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
): Promise<FaultStates | undefined> {
  const url = address(port) + path;
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token()}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => undefined);
  if (!answer) return undefined;
  const text = await answer.text();
  if (answer.ok) return faultStates.parse(JSON.parse(text));
  if (answer.status === 401)
    throw new LabError(`${url} wants another token: the lab that runs there has its state in another folder`);
  throw new LabError(`${method} ${url} answered ${answer.status}: ${text}`);
}
