import { faultAdminUrlVariable } from "@lgtm-lab/contracts";
import { type FaultAccess, hasPendingKills, readFaultToken } from "@lgtm-lab/faults/client";
import type { Env } from "../env.ts";

/** Returns access to the fault admin ports of this console's stack, whose launcher has the state folder LAB_STATE. */
export const faultAccessFromEnv = (env: Env): FaultAccess => ({
  addresses: (service) => env[faultAdminUrlVariable(service)],
  // Read for each request, because the token changes when the stack restarts.
  token: () => env.FAULT_ADMIN_TOKEN || readFaultToken(env.LAB_STATE),
  launcher: () => (hasPendingKills(env.LAB_STATE) ? env.LAB_STATE : undefined),
});
