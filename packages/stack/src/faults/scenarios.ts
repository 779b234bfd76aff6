import type { PortVariable } from "../ports.ts";

/** A fault that can be set on a running stack. */
export interface Scenario {
  readonly name: string;
  /** What it does, in one line. */
  readonly does: string;
  /** The admin ports of the services in which it is set. */
  readonly at: readonly PortVariable[];
  /** The component that the launcher kills at each start. */
  readonly kills?: string;
}

/** Whose fault admin port each is. */
export const OWNERS: Readonly<Partial<Record<PortVariable, string>>> = {
  FAULT_ADMIN_GATEWAY_PORT: "gateway",
  FAULT_ADMIN_REST_PORT: "gateway-rest",
  FAULT_ADMIN_A_PORT: "service-a",
  FAULT_ADMIN_B_PORT: "service-b",
};

const GATEWAYS = ["FAULT_ADMIN_GATEWAY_PORT", "FAULT_ADMIN_REST_PORT"] as const;

/** Every scenario (docs/faults.md). */
export const SCENARIOS: readonly Scenario[] = [
  { name: "slow-a", does: "service A takes 400 ms longer for each call", at: ["FAULT_ADMIN_A_PORT"] },
  { name: "errors-a", does: "service A fails every other call", at: ["FAULT_ADMIN_A_PORT"] },
  { name: "slow-b", does: "service B takes 400 ms longer for each call", at: ["FAULT_ADMIN_B_PORT"] },
  { name: "stall-b", does: "service B stops in the middle of each stream", at: ["FAULT_ADMIN_B_PORT"] },
  {
    name: "crash-b",
    does: "service B is killed, also after each restart",
    // The gateways only tell of it; a service that is killed cannot.
    at: GATEWAYS,
    kills: "service-b",
  },
  {
    name: "lossy-link",
    does: "30 % of the connections between gateways and services are reset, 30 % are delayed by 400 ms",
    at: GATEWAYS,
  },
  { name: "slow-gateway", does: "both gateways take 400 ms longer for each call", at: GATEWAYS },
];
