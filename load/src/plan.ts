import { PROTOCOLS, type Protocol } from "@lgtm-lab/contracts/services";
import type { LoadResult } from "./result.ts";

/** One step that is to be run: a number of users who send requests through one gateway. */
export interface StepPlan {
  readonly protocol: Protocol;
  readonly users: number;
  /** Time before the measurement, for connections and the JIT compiler. */
  readonly warmUpS: number;
  /** Measured time. */
  readonly seconds: number;
}

/** The choices of a user. A missing one has the default of the profile. */
export interface LoadChoices {
  readonly quick?: boolean | undefined;
  readonly users?: readonly number[] | undefined;
  readonly seconds?: number | undefined;
  readonly protocol?: Protocol | undefined;
}

/** The steps of the original lab, and a selection that takes two minutes. */
const PROFILES = {
  full: { users: [25, 50, 100, 200, 400, 800, 1600, 3200], seconds: 30, warmUpS: 5 },
  quick: { users: [25, 100, 400, 1600], seconds: 8, warmUpS: 3 },
} as const;

/** Returns the steps of a run. At each number of users gRPC is followed by REST, so that both run under the same conditions. */
export function planLoad(choices: LoadChoices): { profile: LoadResult["profile"]; steps: StepPlan[] } {
  const profile = choices.quick ? "quick" : "full";
  const defaults = PROFILES[profile];
  const { users = defaults.users, seconds = defaults.seconds, protocol } = choices;
  const steps = users.flatMap((each) =>
    (protocol ? [protocol] : PROTOCOLS).map((protocol) => ({
      protocol,
      users: each,
      warmUpS: Math.min(defaults.warmUpS, seconds),
      seconds,
    })),
  );
  const isCustom = choices.users ?? choices.seconds ?? choices.protocol;
  return { profile: isCustom === undefined ? profile : "custom", steps };
}

/** Time in which k6 starts and ends, and in which it creates a thousand users; seconds. */
const START_AND_END_S = 1.5;
const THOUSAND_USERS_S = 2;

/** Returns how long a step takes, including the start and the end of k6. */
export function durationOf({ users, warmUpS, seconds }: StepPlan): number {
  return START_AND_END_S + (users / 1000) * THOUSAND_USERS_S + warmUpS + seconds;
}

/** Returns how many seconds a run still takes, `elapsedS` after the start of the first of these steps. */
export function secondsLeft(steps: readonly StepPlan[], elapsedS: number): number {
  const [current, ...later] = steps;
  const left = current ? Math.max(0, durationOf(current) - elapsedS) : 0;
  return later.reduce((sum, step) => sum + durationOf(step), left);
}
