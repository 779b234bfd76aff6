import { type FaultSite, readClaim, readFaultToken } from "@lgtm-lab/stack/faults";
import type { Env } from "../env.ts";

/** The faults of the lab that this console belongs to: by its own variables, or by what the launcher left in LAB_STATE. */
export function siteOf(env: Env): FaultSite {
  const addresses: Readonly<Partial<Record<Parameters<FaultSite["address"]>[0], string>>> = {
    FAULT_ADMIN_GATEWAY_PORT: env.FAULT_ADMIN_GATEWAY_URL,
    FAULT_ADMIN_REST_PORT: env.FAULT_ADMIN_REST_URL,
    FAULT_ADMIN_A_PORT: env.FAULT_ADMIN_A_URL,
    FAULT_ADMIN_B_PORT: env.FAULT_ADMIN_B_URL,
  };
  return {
    address(port) {
      const address = addresses[port];
      if (address === undefined) throw new Error(`${port} is no fault admin port`);
      return address;
    },
    // Read anew each time: a lab that was started again has another one.
    token: () => env.FAULT_ADMIN_TOKEN || readFaultToken(env.LAB_STATE),
    launcher: () => (readClaim(env.LAB_STATE)?.alive ? env.LAB_STATE : undefined),
  };
}
