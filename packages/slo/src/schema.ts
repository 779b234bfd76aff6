import { z } from "zod";
import { PROFILES } from "./profile.ts";

/** The fastest burn that an alert waits for: an objective that cannot burn so fast would never page. */
const FASTEST = Math.max(...PROFILES.production.pairs.map(({ burnRate }) => burnRate));
const LEAST_TARGET = 1 - 1 / FASTEST;

/** `metric{label="value",…}`: a counter as it is. Braces may stand in a quoted value (a route template has some). */
const SELECTOR = /^[a-zA-Z_:][a-zA-Z0-9_:]*\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\}$/;

const NAME = /^[a-z][a-z0-9-]*[a-z0-9]$/;

const word = (rule: string) =>
  z.string("must be text").refine((value) => value.trim() !== "", `must not be empty: ${rule}`);

const counter = z.strictObject({
  metricSource: z.strictObject({
    type: z.literal("Prometheus", "must be Prometheus"),
    spec: z.strictObject({
      query: z
        .string("must be text")
        .trim()
        .regex(
          SELECTOR,
          'must be the plain selector of a counter, as in http_requests_total{service_name="x"}: the generator adds increase() and the windows',
        ),
    }),
  }),
});

const ratio = z
  .strictObject({
    counter: z.literal(true, "must be true: events are counted, not sampled"),
    good: counter.optional(),
    bad: counter.optional(),
    total: counter,
  })
  .refine(({ good, bad }) => (good === undefined) !== (bad === undefined), "must have either good or bad");

/** The part of OpenSLO v1 that the generator understands. Anything else is an error rather than silently without effect. */
export const openSlo = z.strictObject({
  apiVersion: z.literal("openslo/v1", "must be openslo/v1"),
  kind: z.literal("SLO", "must be SLO"),
  metadata: z.strictObject({
    name: z.string("must be text").regex(NAME, "must be lower-case words joined by hyphens"),
    displayName: word("it heads the alert and the panel"),
    annotations: z.strictObject({
      "lgtm-lab/kind": z
        .string("must be text")
        .regex(
          /^[a-z]+$/,
          "must be one lower-case word, such as availability: it names the alert and the runbook",
        ),
      "lgtm-lab/depends-on-service": z
        .string("must be text")
        .regex(NAME, "must be a service_name")
        .optional(),
    }),
  }),
  spec: z.strictObject({
    description: word("it says what counts as bad, and why the target is what it is"),
    service: z.string("must be text").regex(NAME, "must be a service_name"),
    indicator: z.strictObject({
      metadata: z.strictObject({
        name: z.string("must be text").regex(NAME, "must be lower-case words joined by hyphens"),
      }),
      spec: z.strictObject({ ratioMetric: ratio }),
    }),
    timeWindow: z.tuple(
      [
        z.strictObject({
          duration: z.literal("30d", "must be 30d: the burn rates and windows of the alerts are for 30 days"),
          isRolling: z.literal(true, "must be true"),
        }),
      ],
      "must have exactly one entry",
    ),
    budgetingMethod: z.literal("Occurrences", "must be Occurrences"),
    objectives: z.tuple(
      [
        z.strictObject({
          displayName: word("it states the objective in a sentence"),
          target: z
            .number("must be a number")
            .lt(1, "must be less than 1: an objective of 100 % has no budget")
            .gt(
              LEAST_TARGET,
              `must be more than ${LEAST_TARGET.toFixed(4)}: with less, the budget cannot burn ${FASTEST} times too fast, and no page would ever fire`,
            ),
        }),
      ],
      "must have exactly one entry",
    ),
  }),
});

export type OpenSlo = z.infer<typeof openSlo>;
