import { PROTOCOLS, type Protocol } from "@lgtm-lab/contracts/services";
import type { LoadResult, LoadStep } from "../result.ts";
import { isFiniteNumber } from "./format.ts";

/** The measured protocols, gRPC first. */
export const protocolsOf = ({ steps }: LoadResult): Protocol[] =>
  PROTOCOLS.filter((protocol) => steps.some((step) => step.protocol === protocol));

/** The steps of a protocol, by number of users. */
export const stepsOf = ({ steps }: LoadResult, protocol: Protocol): LoadStep[] =>
  steps.filter((step) => step.protocol === protocol).toSorted((a, b) => a.users - b.users);

/** The numbers of users of all steps, in ascending order. */
export const usersOf = ({ steps }: LoadResult): number[] =>
  [...new Set(steps.map(({ users }) => users))].sort((a, b) => a - b);

/** Returns the successful requests per second. Undefined if the step measured no time. */
export const throughputOf = ({ succeeded, seconds }: LoadStep): number | undefined =>
  seconds > 0 ? succeeded / seconds : undefined;

/** Returns the part of a number in the requests of a step; 0 if there are no requests. */
export const shareOf = (part: number, { requests }: LoadStep): number => (requests > 0 ? part / requests : 0);

/** Returns the CPU time per request of all processes together, in milliseconds. Undefined if it was not measured. */
export function cpuMsOf({ cpuUs }: LoadStep): number | undefined {
  const values = Object.values(cpuUs).filter(isFiniteNumber);
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / 1000 : undefined;
}

/** Returns the step with the highest throughput of a protocol. */
export function bestOf(result: LoadResult, protocol: Protocol): LoadStep | undefined {
  const [best] = stepsOf(result, protocol).toSorted(
    (a, b) => (throughputOf(b) ?? 0) - (throughputOf(a) ?? 0),
  );
  return best;
}
