import { Faults } from "@lgtm-lab/kit";

/** What service A can be told to do wrong (docs/faults.md). */
export const serviceAFaults = () =>
  new Faults({ "slow-a": { kind: "slow" }, "errors-a": { kind: "errors" } });
