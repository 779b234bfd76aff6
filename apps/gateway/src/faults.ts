import { type FaultSettings, Faults } from "@lgtm-lab/faults";
import type { Env } from "./env.ts";
import type { SwitchableClients } from "./link/connect.ts";
import type { Route } from "./routing/table.ts";

/** Returns the faults of a gateway, and the marks for faults of other services (docs/faults.md). */
export const gatewayFaults = (
  services: Pick<SwitchableClients, "useLossyLink">,
  env: Pick<Env, "HOST" | "PORT" | "serverTls">,
  routes: () => readonly Route[],
) =>
  new Faults({
    "slow-gateway": { kind: "slow" },
    "lossy-link": {
      kind: "link",
      begin: (settings) => services.useLossyLink(settings as FaultSettings<"link">),
    },
    "token-storm": {
      kind: "storm",
      begin: async (settings) => {
        const { startTokenStorm } = await import("./edge/token-storm.ts");
        return startTokenStorm(env, routes(), settings as FaultSettings<"storm">);
      },
    },
    // A crashed service B cannot mark its calls, so its callers do.
    "crash-b": { kind: "mark", callee: "service-b" },
  });
