import * as v from "valibot";
import { CALL_BUDGET_MAX_MS, CALL_GRACE_MS, DEFAULTS, LIMITS } from "./limits.ts";

const codePoints = (text: string): number => [...text].length;

/** The parameters of `SayHello` and `GET /a/hello`. As in the original lab, an empty name means the default. */
export const helloParams = v.object({
  name: v.optional(
    v.pipe(
      v.string(),
      v.check(
        (name) => codePoints(name) <= LIMITS.nameMaxLength,
        `must have at most ${LIMITS.nameMaxLength} characters`,
      ),
      v.transform((name) => name || DEFAULTS.name),
    ),
    "",
  ),
});

/** Valid parameters of a greeting. */
export type HelloParams = v.InferOutput<typeof helloParams>;

/** Schema of a whole number in a range. */
export const boundedInteger = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(error), v.safeInteger(error), v.minValue(min, error), v.maxValue(max, error));
};

const streamMs = (count: number, delayMs: number): number => (count - 1) * delayMs;

/** The parameters of `StreamNumbers` and `GET /b/numbers`; `delay_ms` in milliseconds. */
export const numbersParams = v.pipe(
  v.object({
    count: v.optional(boundedInteger(LIMITS.countMin, LIMITS.countMax), DEFAULTS.count),
    delay_ms: v.optional(boundedInteger(LIMITS.delayMsMin, LIMITS.delayMsMax), DEFAULTS.delayMs),
  }),
  v.forward(
    v.check(
      ({ count, delay_ms }) => streamMs(count, delay_ms) <= LIMITS.streamMsMax,
      ({ input: { count, delay_ms } }) =>
        `(count − 1) · delay_ms must be at most ${LIMITS.streamMsMax} ms; it is ${streamMs(count, delay_ms)} ms`,
    ),
    ["delay_ms"],
  ),
);

/** Valid parameters of a stream. */
export type NumbersParams = v.InferOutput<typeof numbersParams>;

/** The remaining time of a call, as a caller sends it to a service; whole milliseconds. */
export const timeoutMs = boundedInteger(1, CALL_BUDGET_MAX_MS);

/** Returns the requested duration of a stream in milliseconds: the pauses between its values. */
export const requestedStreamMs = ({ count, delay_ms }: NumbersParams): number => streamMs(count, delay_ms);

/** Returns the time until the deadline of a call, in milliseconds: its requested duration and an allowance. */
export const callBudgetMs = (params?: NumbersParams, graceMs = CALL_GRACE_MS): number =>
  (params ? requestedStreamMs(params) : 0) + graceMs;
