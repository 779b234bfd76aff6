import { faultAdminUrlVariable } from "@lgtm-lab/contracts";
import { type FaultAccess, hasPendingKills, readFaultToken } from "@lgtm-lab/faults/client";
import type { Env } from "../env.ts";

/** Access to the faults of the stack that this console belongs to, by its variables and by the launcher's LAB_STATE. */
export function faultAccessOf(env: Env): FaultAccess {
  return {
    address: (service) => env[faultAdminUrlVariable(service)],
    // Read for each request: a restarted stack has another token.
    token: () => env.FAULT_ADMIN_TOKEN || readFaultToken(env.LAB_STATE),
    launcher: () => (hasPendingKills(env.LAB_STATE) ? env.LAB_STATE : undefined),
  };
}
