import { z } from "zod";
import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { LabError } from "../report/failure.ts";
import { readFaultToken } from "./token.ts";

const ANSWER_MS = 5000;

const faultStates = z.array(z.object({ name: z.string(), until: z.nullable(z.iso.datetime()) }));
export type FaultStates = z.infer<typeof faultStates>;

/** The stack whose faults are meant: its state folder and its ports. */
export interface Where {
  readonly state: string;
  readonly ports: Ports;
}

/**
 * Asks one service's fault admin port, which answers with all its faults.
 * @returns nothing when nobody listens there: then the service does not run, and has no fault.
 * @throws LabError with the answer when it is not 200.
 */
export async function askFaultAdmin(
  { state, ports }: Where,
  port: PortVariable,
  method: "GET" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
): Promise<FaultStates | undefined> {
  const url = httpAddress(ports, port) + path;
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${readFaultToken(state)}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => undefined);
  if (!answer) return undefined;
  const text = await answer.text();
  if (answer.ok) return faultStates.parse(JSON.parse(text));
  throw new LabError(`${method} ${url} answered ${answer.status}: ${text}`);
}
