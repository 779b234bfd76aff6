/** `@lgtm-lab/faults`: the faults of a service and its admin port. Programs that set faults import `./client`. */
export * from "./admin-port.ts";
export * from "./faults.ts";
export * from "./settings.ts";
