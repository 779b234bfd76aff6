import { Faults } from "@lgtm-lab/faults";

/** Returns the faults of service A (docs/faults.md). */
export const serviceAFaults = () =>
  new Faults({ "slow-a": { kind: "slow" }, "errors-a": { kind: "errors" } });
