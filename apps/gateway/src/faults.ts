import { Faults, type Settings } from "@lgtm-lab/kit";
import type { SwitchableBackend } from "./link/connect.ts";

/** What a gateway can be told to do wrong, and what of its neighbours' harm it tells (docs/faults.md). */
export const gatewayFaults = (backend: Pick<SwitchableBackend, "useLossyLink">) =>
  new Faults({
    "slow-gateway": { kind: "slow" },
    "lossy-link": {
      kind: "link",
      begin: (settings) => backend.useLossyLink(settings as Settings<"link">),
    },
    // A dead B can tell nothing: whoever calls it does.
    "crash-b": { kind: "mark", callee: "service-b" },
  });
