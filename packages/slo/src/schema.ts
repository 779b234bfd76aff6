import { z } from "zod";
import { PROFILES } from "./profile.ts";

/** The fastest burn that an alert waits for: an objective that cannot burn so fast would never page. */
const FASTEST = Math.max(...PROFILES.production.pairs.map(({ burnRate }) => burnRate));
const LEAST_TARGET = 1 - 1 / FASTEST;

/** Objectives name files, groups of rules and labels. OpenSLO has the same rule: a DNS label (RFC 1123). */
export const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
export const NAME_RULE = "must be lower-case letters, digits and hyphens, at most 63 characters";

/** What a value of the label service_name may be here: it stands in templates and in selectors without escapes. */
const SERVICE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;
const SERVICE_RULE = "must be a service_name: letters, digits, dots, hyphens and underscores";

/** A value as messages show it. */
export function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

const text = z.string();
const name = text.regex(NAME, { error: ({ input }) => `${NAME_RULE} (is ${shown(input)})` });
const service = text.regex(SERVICE, { error: ({ input }) => `${SERVICE_RULE} (is ${shown(input)})` });

/** One allowed value; the message says what the value is, and why or what to write. */
const only = <const T extends string | number | boolean>(value: T, why: string) =>
  z.literal(value, {
    error: ({ input }) =>
      input === undefined ? `is missing: write ${value}` : `must be ${value} (is ${shown(input)}): ${why}`,
  });

/** A field of OpenSLO that the generator cannot honour. */
const unsupported = (what: string) => z.undefined({ error: `is not supported: ${what}` }).optional();

/** A field of OpenSLO that has no effect here and may be anything. */
const ignored = z.unknown().optional();

const THRESHOLD = unsupported(
  "a threshold is on a value, and an error budget needs counted events; write a ratioMetric with total and good or bad",
);

const metadata = z.strictObject({
  name,
  displayName: text.optional(),
  labels: ignored,
  annotations: z
    .looseObject({
      "lgtm-lab/kind": text
        .regex(
          /^[a-z]{1,40}$/,
          "must be one lower-case word, such as availability: it names the alert and the runbook",
        )
        .optional(),
      "lgtm-lab/depends-on-service": service.optional(),
    })
    .optional(),
});

const source = z.strictObject({
  metricSource: z.strictObject({
    metricSourceRef: text.optional(),
    type: text.optional(),
    spec: z.looseObject({ query: text }),
  }),
});

const counter = only(true, "objectives count events, so good, bad and total must be counters").optional();

/** OpenSLO's indicator: only ratios of counters can be used. */
export const indicator = z.strictObject({
  description: ignored,
  thresholdMetric: THRESHOLD,
  ratioMetric: z
    .strictObject(
      {
        counter,
        good: source.optional(),
        bad: source.optional(),
        total: source.optional(),
        raw: unsupported(
          "a ratio that is already computed says nothing about numbers of events; write total and good or bad",
        ),
        rawType: ignored,
      },
      {
        error: ({ input }) =>
          input === undefined ? "is missing: write a ratioMetric with total and good or bad" : undefined,
      },
    )
    .optional(),
});

const target = z
  .number()
  .gte(0, "must be between 0 and 1")
  .lt(1, {
    error: ({ input }) => {
      const percent = typeof input === "number" && input > 1 && input < 100;
      return `must be less than 1 (is ${shown(input)}): ${percent ? `write ${Number(((input as number) / 100).toPrecision(12))}, or targetPercent: ${input}` : "an objective of 100 % has no budget"}`;
    },
  });

const method = only("Occurrences", "the alerts count events, not time slices").optional();

const objective = {
  displayName: text.optional(),
  target: target.optional(),
  targetPercent: z
    .number()
    .gte(0, "must be between 0 and 100")
    .lt(100, "must be less than 100: an objective of 100 % has no budget")
    .optional(),
  timeSliceTarget: ignored,
  timeSliceWindow: ignored,
  op: ignored,
  value: ignored,
};

const objectivesOf = <T extends z.ZodType>(element: T) =>
  z.array(element).min(1, "must have at least one entry");

/** The parts of an SLO of OpenSLO v1 that the generator understands. Anything else is an error, or has a note. */
export const sloV1 = z.strictObject({
  apiVersion: ignored,
  kind: ignored,
  metadata,
  spec: z.strictObject({
    description: text.optional(),
    service,
    indicator: z
      .strictObject({ apiVersion: ignored, kind: ignored, metadata: ignored, spec: indicator })
      .optional(),
    indicatorRef: text.optional(),
    timeWindow: z
      .array(z.strictObject({ duration: ignored, isRolling: z.boolean().optional(), calendar: ignored }))
      .length(1, "must have exactly one entry")
      .optional(),
    budgetingMethod: method,
    objectives: objectivesOf(z.strictObject(objective)),
    alertPolicies: ignored,
  }),
});

const sourceV1alpha = z.strictObject({
  source: text.optional(),
  queryType: text.optional(),
  query: text,
  metadata: ignored,
});

/** The same of OpenSLO v1alpha, where each objective has its own ratio. */
export const sloV1alpha = z.strictObject({
  apiVersion: ignored,
  kind: ignored,
  metadata,
  spec: z.strictObject({
    description: text.optional(),
    service,
    indicator: z.strictObject({ thresholdMetric: THRESHOLD }).optional(),
    timeWindows: z
      .array(
        z.strictObject({
          count: ignored,
          unit: ignored,
          isRolling: z.boolean().optional(),
          calendar: ignored,
        }),
      )
      .length(1, "must have exactly one entry")
      .optional(),
    budgetingMethod: method,
    objectives: objectivesOf(
      z.strictObject({
        ...objective,
        ratioMetrics: z
          .strictObject({
            counter,
            incremental: counter,
            good: sourceV1alpha,
            total: sourceV1alpha,
          })
          .optional(),
      }),
    ),
  }),
});

export type SloV1 = z.infer<typeof sloV1>;
export type SloV1alpha = z.infer<typeof sloV1alpha>;
export type Indicator = z.infer<typeof indicator>;

/** Counts are floating-point numbers; a smaller budget is lost when they are rounded. */
const MOST_TARGET = 0.999999999;

/** Why a target can have no alerts, or undefined. */
export function targetProblem(value: number): string | undefined {
  if (value <= LEAST_TARGET)
    return `must be more than ${LEAST_TARGET.toFixed(4)} (is ${value}): with less, the budget cannot burn ${FASTEST} times too fast, and no page would ever fire`;
  if (value > MOST_TARGET)
    return `must be at most ${MOST_TARGET} (is ${value}): a smaller budget is lost in rounding`;
  return undefined;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  object: "a map with fields",
  array: "a list",
};

/** What every schema says by default: one sentence that tells what to do. */
export const explain: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys
        .map(
          (key) => `the field ${shown(key)} is unknown here: remove it, or correct its name or indentation`,
        )
        .join("; ");
    case "invalid_type": {
      const expected = KINDS[issue.expected] ?? issue.expected;
      if (issue.input === undefined || issue.input === null) return `is missing: it must be ${expected}`;
      const hint = issue.expected === "string" ? ": put it in quotes" : "";
      return `must be ${expected} (is ${shown(issue.input)})${typeof issue.input === "object" ? "" : hint}`;
    }
    default:
      return undefined;
  }
};
