export { PROTOCOLS, type Protocol } from "@lgtm-lab/contracts/services";
export { startK6 } from "./k6.ts";
export { type LoadChoices, planLoad, type StepPlan } from "./plan.ts";
export { type Progress, progressLine, stepLine } from "./progress.ts";
export type { LoadResult, LoadStep } from "./result.ts";
export { type LoadOptions, runLoad } from "./run.ts";
