import { Faults } from "@lgtm-lab/faults";

/** Returns the faults of service B (docs/faults.md). */
export const serviceBFaults = () => new Faults({ "slow-b": { kind: "slow" }, "stall-b": { kind: "stall" } });
