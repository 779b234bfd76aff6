import { type FaultSettings, Faults } from "@lgtm-lab/faults";
import type { SwitchableClients } from "./link/connect.ts";

/** Returns the faults of a gateway, and the marks for faults of other services (docs/faults.md). */
export const gatewayFaults = (services: Pick<SwitchableClients, "useLossyLink">) =>
  new Faults({
    "slow-gateway": { kind: "slow" },
    "lossy-link": {
      kind: "link",
      begin: (settings) => services.useLossyLink(settings as FaultSettings<"link">),
    },
    // A crashed service B cannot mark its calls, so its callers do.
    "crash-b": { kind: "mark", callee: "service-b" },
  });
