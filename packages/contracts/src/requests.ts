import { z } from "zod";
import { CALL_BUDGET_MAX_MS, CALL_GRACE_MS, DEFAULTS, LIMITS } from "./limits.ts";

const codePoints = (text: string): number => [...text].length;

/** What `SayHello` and `GET /a/hello` take. An empty name is the same as none: the lab has always greeted the world then. */
export const helloParams = z.object({
  name: z
    .string()
    .refine((name) => codePoints(name) <= LIMITS.nameMaxLength, {
      error: `must have at most ${LIMITS.nameMaxLength} characters`,
    })
    .default("")
    .transform((name) => name || DEFAULTS.name),
});

/** The parameters of one greeting, checked. */
export type HelloParams = z.output<typeof helloParams>;

const boundedInteger = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};

const streamMs = (count: number, delayMs: number): number => (count - 1) * delayMs;

/** What `StreamNumbers` and `GET /b/numbers` take; `delay_ms` in milliseconds. */
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

/** The parameters of one stream, checked. */
export type NumbersParams = z.output<typeof numbersParams>;

/** A call's deadline, carried from caller to service; whole milliseconds. */
export const timeoutMs = boundedInteger(1, CALL_BUDGET_MAX_MS);

/** How long a stream takes when nothing is slow, in milliseconds: the pauses lie between the values. */
export const askedStreamMs = ({ count, delay_ms }: NumbersParams): number => streamMs(count, delay_ms);

/** How long a call may take before its deadline, in milliseconds: the time asked for, and the grace that every call has. */
export const callBudgetMs = (params?: NumbersParams): number =>
  (params ? askedStreamMs(params) : 0) + CALL_GRACE_MS;
