/**
 * `@lgtm-lab/faults/client`: sets and ends faults of running services. It loads no server, no gRPC and no telemetry.
 */
export { DEFAULT_FAULT_MS, MAX_FAULT_MS } from "../settings.ts";
export * from "./client.ts";
export * from "./duration.ts";
export * from "./pending-kills.ts";
export * from "./stack-faults.ts";
export * from "./token.ts";
