import { Faults } from "@lgtm-lab/kit";

/** What service B can be told to do wrong (docs/faults.md). */
export const serviceBFaults = () => new Faults({ "slow-b": { kind: "slow" }, "stall-b": { kind: "stall" } });
