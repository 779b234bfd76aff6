/**
 * `@lgtm-lab/stack/faults`: what `lab break` does, for other programs (the console). It loads nothing of the launcher.
 */
export type { PortVariable } from "../ports.ts";
export { readClaim } from "../state/claim.ts";
export { LabError } from "../terminal/failure.ts";
export type { FaultSite } from "./admin-client.ts";
export { breakIt, DEFAULT_FOR_MS, type FaultStatus, faults, fix, MAX_FOR_MS } from "./faults.ts";
export { OWNERS, SCENARIOS, type Scenario } from "./scenarios.ts";
export { readFaultToken } from "./token.ts";
