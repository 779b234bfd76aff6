import { SERVICES } from "@lgtm-lab/contracts";
import { type FaultAccess, readFaultToken } from "@lgtm-lab/faults/client";
import { httpAddress, type Ports } from "../ports.ts";

/** The state folder and the ports of a stack. */
export interface StackLocation {
  readonly state: string;
  readonly ports: Ports;
}

/** Access to the faults of a stack that the lab has started on this machine. */
export const faultAccessOf = ({ state, ports }: StackLocation): FaultAccess => ({
  address: (service) => httpAddress(ports, SERVICES[service].ports.faultAdmin.variable),
  token: () => readFaultToken(state),
  launcher: () => state,
});
