import { z } from "zod";
import { PROFILES } from "./profile.ts";

/** The highest burn rate of an alert. With a lower target than this allows, that alert could never fire. */
const MAX_BURN_RATE = Math.max(...PROFILES.production.pairs.map(({ burnRate }) => burnRate));
const MIN_TARGET = 1 - 1 / MAX_BURN_RATE;

/** Names of objectives are used for files, rule groups and labels. As OpenSLO requires: a DNS label (RFC 1123). */
export const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
export const NAME_RULE = "must consist of lower-case letters, digits and hyphens, at most 63 characters";

/** Allowed values of the label service_name, which is used without escapes in templates and selectors. */
const SERVICE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;
const SERVICE_RULE = "must be a service_name: letters, digits, dots, hyphens and underscores";

/** A value as it is shown in messages. */
export function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

const text = z.string();
const name = text.regex(NAME, { error: ({ input }) => `${NAME_RULE} (got ${describe(input)})` });
const service = text.regex(SERVICE, { error: ({ input }) => `${SERVICE_RULE} (got ${describe(input)})` });

/** A field with one allowed value; `why` explains the restriction in the message. */
const only = <const T extends string | number | boolean>(value: T, why: string) =>
  z.literal(value, {
    error: ({ input }) =>
      input === undefined ? `is missing: add ${value}` : `must be ${value} (got ${describe(input)}): ${why}`,
  });

/** An OpenSLO field that the generator does not support. */
const unsupported = (why: string) => z.undefined({ error: `is not supported: ${why}` }).optional();

/** An OpenSLO field without effect here; any value is accepted. */
const ignored = z.unknown().optional();

const THRESHOLD = unsupported(
  "a threshold compares one value with a limit, but an error budget needs counts of events; use a ratioMetric with total and good or bad",
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
          "must be one lower-case word, such as availability, because it names the alert and the runbook",
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

/** OpenSLO's indicator. Only ratios of counters are supported. */
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
        raw: unsupported("a precomputed ratio contains no counts of events; use total and good or bad"),
        rawType: ignored,
      },
      {
        error: ({ input }) =>
          input === undefined ? "is missing: add a ratioMetric with total and good or bad" : undefined,
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
      return `must be less than 1 (got ${describe(input)}): ${percent ? `use ${Number(((input as number) / 100).toPrecision(12))}, or targetPercent: ${input}` : "an objective of 100 % has no budget"}`;
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

/** The fields of an OpenSLO v1 SLO that the generator supports. Any other field is an error or causes a note. */
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

/** The fields of an OpenSLO v1alpha SLO. Here each objective has its own ratio. */
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

/** A valid SLO of OpenSLO v1. */
export type SloV1 = z.infer<typeof sloV1>;
/** A valid SLO of OpenSLO v1alpha. */
export type SloV1alpha = z.infer<typeof sloV1alpha>;
/** A valid indicator of OpenSLO v1. */
export type Indicator = z.infer<typeof indicator>;

/** Prometheus counts in floating-point numbers; rounding would lose a smaller budget. */
const MAX_TARGET = 0.999999999;

/** Why no alerts can be generated for a target; undefined if they can. */
export function targetProblem(value: number): string | undefined {
  if (value <= MIN_TARGET)
    return `must be greater than ${MIN_TARGET.toFixed(4)} (got ${value}): with a lower target the burn rate cannot exceed ${MAX_BURN_RATE}, so the fastest page would never fire`;
  if (value > MAX_TARGET)
    return `must be at most ${MAX_TARGET} (got ${value}): rounding would lose a smaller budget`;
  return undefined;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  object: "a map with fields",
  array: "a list",
};

/**
 * Messages for schema errors that Zod reports without a specific message. Each explains how to correct the document.
 */
export const issueMessage: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys
        .map((key) => `unknown field ${describe(key)}: remove it, or correct its name or indentation`)
        .join("; ");
    case "invalid_type": {
      const expected = KINDS[issue.expected] ?? issue.expected;
      if (issue.input === undefined || issue.input === null) return `is missing: it must be ${expected}`;
      const hint = issue.expected === "string" ? ": put it in quotes" : "";
      return `must be ${expected} (got ${describe(issue.input)})${typeof issue.input === "object" ? "" : hint}`;
    }
    default:
      return undefined;
  }
};
