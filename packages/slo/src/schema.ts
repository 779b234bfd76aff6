import * as v from "valibot";
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

/** Formats a value for messages. */
export function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

const text = v.string();
const name = v.pipe(
  text,
  v.regex(NAME, ({ input }) => `${NAME_RULE} (got ${describe(input)})`),
);
const service = v.pipe(
  text,
  v.regex(SERVICE, ({ input }) => `${SERVICE_RULE} (got ${describe(input)})`),
);

/** Returns a field with one allowed value; `why` explains the restriction in the message. */
const only = <const T extends string | number | boolean>(value: T, why: string) =>
  v.literal(value, ({ input }) => `must be ${value} (got ${describe(input)}): ${why}`);

/** An OpenSLO field that the generator does not support. */
const unsupported = (why: string) => v.optional(v.never(`is not supported: ${why}`));

/** An OpenSLO field without effect here; any value is accepted. */
const ignored = v.optional(v.unknown());

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  any: "a map with fields",
  array: "a list",
};

/** Explains an issue about the type of a value: how to correct the document. */
const typeMessage = (type: string, input: unknown): string => {
  const expected = KINDS[type] ?? type;
  if (input === undefined || input === null) return `is missing: it must be ${expected}`;
  const hint = type === "string" && typeof input !== "object" ? ": put it in quotes" : "";
  return `must be ${expected} (got ${describe(input)})${hint}`;
};

/** Messages for issues of schemas without a specific message. */
export const issueMessage = ({ type, input }: v.BaseIssue<unknown>): string => typeMessage(type, input);

/** The message about a field that is missing, or about all fields that are unknown. */
const fieldMessage =
  (entries: v.ObjectEntries) =>
  ({ expected, path }: v.BaseIssue<unknown>): string => {
    const field = path?.at(-1);
    if (expected !== "never") return typeMessage(entries[String(field?.key)]?.type ?? "", undefined);
    return Object.keys(field?.input as object)
      .filter((key) => !Object.hasOwn(entries, key))
      .map((key) => `unknown field ${describe(key)}: remove it, or correct its name or indentation`)
      .join("; ");
  };

/** Valibot's objects also accept lists. */
const isMap = v.check(
  (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value),
  ({ input }) => typeMessage("any", input),
);

/** A map with these fields and no others. */
const map = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(v.any(), isMap, v.strictObject(entries, fieldMessage(entries)));

/** A map with these fields, and any others. */
const openMap = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(v.any(), isMap, v.looseObject(entries, fieldMessage(entries)));

const THRESHOLD = unsupported(
  "a threshold compares one value with a limit, but an error budget needs counts of events; use a ratioMetric with total and good or bad",
);

const metadata = map({
  name,
  displayName: v.optional(text),
  labels: ignored,
  annotations: v.optional(
    openMap({
      "lgtm-lab/kind": v.optional(
        v.pipe(
          text,
          v.regex(
            /^[a-z]{1,40}$/,
            "must be one lower-case word, such as availability, because it names the alert and the runbook",
          ),
        ),
      ),
      "lgtm-lab/depends-on-service": v.optional(service),
    }),
  ),
});

const source = map({
  metricSource: map({
    metricSourceRef: v.optional(text),
    type: v.optional(text),
    spec: openMap({ query: text }),
  }),
});

const counter = v.optional(only(true, "objectives count events, so good, bad and total must be counters"));

/** OpenSLO's indicator. Only ratios of counters are supported. */
export const indicator = map({
  description: ignored,
  thresholdMetric: THRESHOLD,
  ratioMetric: v.optional(
    map({
      counter,
      good: v.optional(source),
      bad: v.optional(source),
      total: v.optional(source),
      raw: unsupported("a precomputed ratio contains no counts of events; use total and good or bad"),
      rawType: ignored,
    }),
  ),
});

const target = v.pipe(
  v.number(),
  v.minValue(0, "must be between 0 and 1"),
  v.ltValue(1, ({ input }) => {
    const percent = input > 1 && input < 100;
    return `must be less than 1 (got ${describe(input)}): ${percent ? `use ${Number((input / 100).toPrecision(12))}, or targetPercent: ${input}` : "an objective of 100 % has no budget"}`;
  }),
);

const method = v.optional(only("Occurrences", "the alerts count events, not time slices"));

const objective = {
  displayName: v.optional(text),
  target: v.optional(target),
  targetPercent: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0, "must be between 0 and 100"),
      v.ltValue(100, "must be less than 100: an objective of 100 % has no budget"),
    ),
  ),
  timeSliceTarget: ignored,
  timeSliceWindow: ignored,
  op: ignored,
  value: ignored,
};

const objectivesOf = <Element extends v.GenericSchema>(element: Element) =>
  v.pipe(v.array(element), v.minLength(1, "must have at least one entry"));

const windowOf = <Element extends v.GenericSchema>(element: Element) =>
  v.optional(v.pipe(v.array(element), v.length(1, "must have exactly one entry")));

/** The fields of an OpenSLO v1 SLO that the generator supports. Any other field is an error or causes a note. */
export const sloV1 = map({
  apiVersion: ignored,
  kind: ignored,
  metadata,
  spec: map({
    description: v.optional(text),
    service,
    indicator: v.optional(map({ apiVersion: ignored, kind: ignored, metadata: ignored, spec: indicator })),
    indicatorRef: v.optional(text),
    timeWindow: windowOf(map({ duration: ignored, isRolling: v.optional(v.boolean()), calendar: ignored })),
    budgetingMethod: method,
    objectives: objectivesOf(map(objective)),
    alertPolicies: ignored,
  }),
});

const sourceV1alpha = map({
  source: v.optional(text),
  queryType: v.optional(text),
  query: text,
  metadata: ignored,
});

/** The fields of an OpenSLO v1alpha SLO. Here each objective has its own ratio. */
export const sloV1alpha = map({
  apiVersion: ignored,
  kind: ignored,
  metadata,
  spec: map({
    description: v.optional(text),
    service,
    indicator: v.optional(map({ thresholdMetric: THRESHOLD })),
    timeWindows: windowOf(
      map({ count: ignored, unit: ignored, isRolling: v.optional(v.boolean()), calendar: ignored }),
    ),
    budgetingMethod: method,
    objectives: objectivesOf(
      map({
        ...objective,
        ratioMetrics: v.optional(
          map({ counter, incremental: counter, good: sourceV1alpha, total: sourceV1alpha }),
        ),
      }),
    ),
  }),
});

/** A valid SLO of OpenSLO v1. */
export type SloV1 = v.InferOutput<typeof sloV1>;
/** A valid SLO of OpenSLO v1alpha. */
export type SloV1alpha = v.InferOutput<typeof sloV1alpha>;
/** A valid indicator of OpenSLO v1. */
export type Indicator = v.InferOutput<typeof indicator>;

/** Prometheus counts in floating-point numbers; rounding would lose a smaller budget. */
const MAX_TARGET = 0.999999999;

/** Returns the reason why no alerts can be generated for a target; undefined if they can. */
export function targetProblem(value: number): string | undefined {
  if (value <= MIN_TARGET)
    return `must be greater than ${MIN_TARGET.toFixed(4)} (got ${value}): with a lower target the burn rate cannot exceed ${MAX_BURN_RATE}, so the fastest page would never fire`;
  if (value > MAX_TARGET)
    return `must be at most ${MAX_TARGET} (got ${value}): rounding would lose a smaller budget`;
  return undefined;
}
