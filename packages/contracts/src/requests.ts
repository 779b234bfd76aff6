import { z } from "zod";
import { CALL_BUDGET_MAX_MS, CALL_GRACE_MS, DEFAULTS, LIMITS } from "./limits.ts";

const codePoints = (text: string): number => [...text].length;

/** The parameters of `SayHello` and `GET /a/hello`. As in the original lab, an empty name means the default. */
export const helloParams = z.object({
  name: z
    .string()
    .refine((name) => codePoints(name) <= LIMITS.nameMaxLength, {
      error: `must have at most ${LIMITS.nameMaxLength} characters`,
    })
    .default("")
    .transform((name) => name || DEFAULTS.name),
});

/** Valid parameters of a greeting. */
export type HelloParams = z.output<typeof helloParams>;

const boundedInteger = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};

const streamMs = (count: number, delayMs: number): number => (count - 1) * delayMs;

/** The parameters of `StreamNumbers` and `GET /b/numbers`; `delay_ms` in milliseconds. */
export const numbersParams = z
  .object({
    count: boundedInteger(LIMITS.countMin, LIMITS.countMax).default(DEFAULTS.count),
    delay_ms: boundedInteger(LIMITS.delayMsMin, LIMITS.delayMsMax).default(DEFAULTS.delayMs),
  })
  .refine(({ count, delay_ms }) => streamMs(count, delay_ms) <= LIMITS.streamMsMax, {
    path: ["delay_ms"],
    error: ({ input }) => {
      const { count, delay_ms } = input as { count: number; delay_ms: number };
      return `(count − 1) · delay_ms must be at most ${LIMITS.streamMsMax} ms; it is ${streamMs(count, delay_ms)} ms`;
    },
  });

/** Valid parameters of a stream. */
export type NumbersParams = z.output<typeof numbersParams>;

/** The remaining time of a call, as a caller sends it to a service; whole milliseconds. */
export const timeoutMs = boundedInteger(1, CALL_BUDGET_MAX_MS);

/** The requested duration of a stream in milliseconds: the pauses between its values. */
export const requestedStreamMs = ({ count, delay_ms }: NumbersParams): number => streamMs(count, delay_ms);

/** The time until the deadline of a call, in milliseconds: its requested duration and a fixed allowance. */
export const callBudgetMs = (params?: NumbersParams): number =>
  (params ? requestedStreamMs(params) : 0) + CALL_GRACE_MS;
