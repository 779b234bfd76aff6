import { Faults } from "@lgtm-lab/faults";

/** Returns the faults of service A (docs/faults.md). */
export const serviceAFaults = () =>
  new Faults({
    "slow-a": { kind: "slow" },
    "errors-a": { kind: "errors" },
    "slow-a-one": { kind: "slow" },
    "flaky-a": { kind: "errors", defaults: { share: 0.1 } },
  });
