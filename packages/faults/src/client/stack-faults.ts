import type { ServiceName } from "@lgtm-lab/contracts";

/** The name of a fault: `slow-a`. */
export type StackFaultName = (typeof TABLE)[number]["name"];

/** A fault that `lab break` can set on a running stack. */
export interface StackFault {
  readonly name: StackFaultName;
  /** Its effect, in one line. */
  readonly does: string;
  /** The services in which it is set. */
  readonly at: readonly ServiceName[];
  /** The component that the launcher kills at each start. */
  readonly kills?: ServiceName;
}

const GATEWAYS = ["gateway", "gateway-rest"] as const;

const TABLE = [
  { name: "slow-a", does: "service A takes 400 ms longer for each call", at: ["service-a"] },
  { name: "errors-a", does: "service A fails half of its calls, at random", at: ["service-a"] },
  { name: "slow-b", does: "service B takes 400 ms longer for each call", at: ["service-b"] },
  { name: "stall-b", does: "service B stops in the middle of each stream", at: ["service-b"] },
  {
    name: "crash-b",
    does: "service B is killed, also after each restart",
    // A killed service cannot mark its calls, so the gateways do.
    at: GATEWAYS,
    kills: "service-b",
  },
  {
    name: "lossy-link",
    does: "30 % of the connections between gateways and services are reset, 30 % are delayed by 400 ms",
    at: GATEWAYS,
  },
  { name: "slow-gateway", does: "both gateways take 400 ms longer for each call", at: GATEWAYS },
] as const satisfies readonly (Omit<StackFault, "name"> & { readonly name: string })[];

/** Every fault of the stack (docs/faults.md). */
export const STACK_FAULTS: readonly StackFault[] = TABLE;
