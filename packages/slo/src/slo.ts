import type { z } from "zod";
import {
  explain,
  type Indicator,
  indicator as indicatorSchema,
  NAME,
  NAME_RULE,
  type SloV1,
  type SloV1alpha,
  shown,
  sloV1,
  sloV1alpha,
  targetProblem,
} from "./schema.ts";
import { oneLine, parseSelector, type Selector, SelectorError, selectorText } from "./selector.ts";

/** One objective, as the generators use it. */
export interface Slo {
  readonly name: string;
  /** The file in `slo/` that it is from. */
  readonly file: string;
  readonly displayName: string;
  /** What kind of promise it is: `availability`, `latency`, `pace`. Names the alert and its runbook. */
  readonly kind: string;
  /** `service_name` of the service whose promise it is. */
  readonly service: string;
  /** `service_name` of the service whose death explains a breach. */
  readonly dependsOn?: string;
  /** The objective in a sentence. */
  readonly objective: string;
  readonly description: string;
  /** Share of events that must be good, such as 0.999. */
  readonly target: number;
  /** Share of events that may be bad: 1 − target. */
  readonly budget: number;
  /** Selector of the counter of valid events. */
  readonly total: string;
  /** Selector of the counter of what is good, or of what is bad. */
  readonly counted: { readonly what: "good" | "bad"; readonly selector: string };
}

/** An OpenSLO object as it was read: an SLO, or something that one may refer to. */
export interface OpenSloObject {
  readonly file: string;
  /** Where it is, for people: the file, and the document where there are several. */
  readonly label: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string | undefined;
  readonly content: Readonly<Record<string, unknown>>;
}

/** What a document says about itself, for people: mistakes and notes, each with the object's label. */
export interface Remarks {
  mistake(object: OpenSloObject, path: string, sentence: string): void;
  note(object: OpenSloObject, path: string, sentence: string): void;
}

/** Finds the object that another one refers to by name. */
export type Lookup = (kind: "SLI" | "DataSource", name: string) => OpenSloObject | undefined;

/** A query, and the object and field that it stands in. */
interface Query {
  readonly in: OpenSloObject;
  readonly path: string;
  readonly text: string;
}

interface Ratio {
  readonly total: Query;
  readonly counted: Query & { readonly what: "good" | "bad" };
}

type Objective = SloV1["spec"]["objectives"][number];

/** The objectives of an SLO object: one, or one for each target. Empty if there is a mistake. */
export function toSlos(object: OpenSloObject, lookup: Lookup, remarks: Remarks): Slo[] {
  let failed = false;
  const mistake = (path: string, sentence: string, where = object) => {
    failed = true;
    remarks.mistake(where, path, sentence);
  };
  const tell: Tell = { mistake, note: (path, sentence) => remarks.note(object, path, sentence) };
  if (object.apiVersion === "openslo/v1alpha") {
    const slo = checked(sloV1alpha, object, tell);
    if (!slo) return [];
    checkWindow(slo.spec.timeWindows?.[0], "timeWindows", tell);
    const ratios = slo.spec.objectives.map((objective, index) =>
      ratioV1alpha(objective, index, object, tell),
    );
    return finish(object, slo, ratios, tell, () => failed);
  }
  const slo = checked(sloV1, object, tell);
  if (!slo) return [];
  checkWindow(slo.spec.timeWindow?.[0], "timeWindow", tell);
  if (slo.spec.alertPolicies !== undefined)
    tell.note("spec.alertPolicies", "has no effect: the generator makes its own alerts (docs/slos.md)");
  const ratio = ratioV1(slo, object, lookup, tell);
  return finish(
    object,
    slo,
    slo.spec.objectives.map(() => ratio),
    tell,
    () => failed,
  );
}

interface Tell {
  mistake(path: string, sentence: string, where?: OpenSloObject): void;
  note(path: string, sentence: string): void;
}

function checked<T extends z.ZodType>(
  schema: T,
  object: OpenSloObject,
  tell: Tell,
  content: unknown = object.content,
  prefix: readonly PropertyKey[] = [],
): z.output<T> | undefined {
  const parsed = schema.safeParse(withoutEmpty(content), { error: explain, reportInput: true });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues)
    tell.mistake(pathText([...prefix, ...issue.path]), issue.message, object);
  return undefined;
}

/** A field without a value is a field that is not there. Documents are not deeper than this, unless they are circular. */
function withoutEmpty(value: unknown, depth = 12): unknown {
  if (depth === 0 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withoutEmpty(item, depth - 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutEmpty(item, depth - 1)]),
  );
}

const pathText = (path: readonly PropertyKey[]) =>
  path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key),
    "",
  );

const THIRTY_DAYS = 30 * 86_400;
const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 7 * 86_400 };
const WHY_30D = "the burn rates and windows of the alerts are for 30 days";

/** Only a rolling window of 30 days has alerts. Without any, it is that one. */
function checkWindow(
  window:
    | {
        duration?: unknown;
        count?: unknown;
        unit?: unknown;
        isRolling?: boolean | undefined;
        calendar?: unknown;
      }
    | undefined,
  field: "timeWindow" | "timeWindows",
  tell: Tell,
): void {
  const path = `spec.${field}[0]`;
  if (window === undefined) {
    tell.note(`spec.${field}`, "is missing: a rolling window of 30 days is used");
    return;
  }
  if (window.isRolling === false || window.calendar !== undefined) {
    tell.mistake(
      window.calendar !== undefined ? `${path}.calendar` : `${path}.isRolling`,
      `calendar windows are not supported: write ${field === "timeWindow" ? "duration: 30d" : "count: 30 and unit: Day"} and isRolling: true`,
    );
    return;
  }
  if (field === "timeWindows") {
    const isDays = typeof window.unit === "string" && /^days?$/i.test(window.unit);
    if (window.count !== 30 || !isDays)
      tell.mistake(
        path,
        `must be count: 30 and unit: Day (is ${shown(window.count)} ${shown(window.unit)}): ${WHY_30D}`,
      );
    return;
  }
  const [, amount, unit = ""] = /^(\d+)([a-zA-Z])$/.exec(String(window.duration ?? "")) ?? [];
  if (Number(amount) * (UNITS[unit] ?? Number.NaN) !== THIRTY_DAYS)
    tell.mistake(
      `${path}.duration`,
      window.duration === undefined
        ? "is missing: write 30d"
        : `must be 30d (is ${shown(window.duration)}): ${WHY_30D}`,
    );
}

function ratioV1(slo: SloV1, object: OpenSloObject, lookup: Lookup, tell: Tell): Ratio | undefined {
  const { indicator, indicatorRef } = slo.spec;
  if (indicator && indicatorRef !== undefined)
    tell.mistake("spec.indicatorRef", "must not stand beside spec.indicator: keep one of them");
  else if (indicator) return ratioOf(indicator.spec, ["spec", "indicator", "spec"], object, lookup, tell);
  else if (indicatorRef !== undefined) {
    const sli = lookup("SLI", indicatorRef);
    if (!sli) {
      tell.mistake(
        "spec.indicatorRef",
        `names no SLI in slo/ (is ${shown(indicatorRef)}): add the SLI, or write spec.indicator`,
      );
      return undefined;
    }
    const spec = checked(indicatorSchema, sli, tell, sli.content.spec, ["spec"]);
    if (spec) return ratioOf(spec, ["spec"], sli, lookup, tell);
  } else
    tell.mistake(
      "spec.indicator",
      "is missing: write spec.indicator, or spec.indicatorRef with the name of an SLI",
    );
  return undefined;
}

function ratioOf(
  { ratioMetric }: Indicator,
  prefix: readonly string[],
  object: OpenSloObject,
  lookup: Lookup,
  tell: Tell,
): Ratio | undefined {
  const path = pathText([...prefix, "ratioMetric"]);
  const say = (field: string, sentence: string) => {
    tell.mistake(field, sentence, object);
    return undefined;
  };
  if (!ratioMetric) return say(path, "is missing: write total, and good or bad");
  const { good, bad, total } = ratioMetric;
  if (!total) return say(`${path}.total`, "is missing: write the counter of all events");
  if (good && bad)
    return say(path, "must have either good or bad, not both: the other one is what is left of total");
  const counted = good ?? bad;
  if (!counted) return say(path, "must have either good or bad beside total");
  const what = good ? "good" : "bad";
  const query = ({ metricSource }: typeof counted, which: string): Query | undefined => {
    const at = `${path}.${which}.metricSource`;
    // Another source has another language: nothing more can be said about its query.
    if (!checkSource(metricSource, at, object, lookup, tell)) return undefined;
    return { in: object, path: `${at}.spec.query`, text: metricSource.spec.query };
  };
  const [all, some] = [query(total, "total"), query(counted, what)];
  return all && some && { total: all, counted: { what, ...some } };
}

/** Whether the rules can be evaluated where they are: by Prometheus, or by something that speaks its language. */
const isPrometheus = (type: string) => /^(prometheus|mimir|cortex|thanos|victoriametrics)$/i.test(type);

function checkSource(
  { type, metricSourceRef }: { type?: string | undefined; metricSourceRef?: string | undefined },
  path: string,
  object: OpenSloObject,
  lookup: Lookup,
  tell: Tell,
): boolean {
  const must = "must be Prometheus";
  if (type !== undefined) {
    if (isPrometheus(type)) return true;
    tell.mistake(
      `${path}.type`,
      `${must} (is ${shown(type)}): the rules are evaluated by Prometheus`,
      object,
    );
    return false;
  }
  if (metricSourceRef === undefined) {
    tell.mistake(`${path}.type`, "is missing: write Prometheus", object);
    return false;
  }
  const source = lookup("DataSource", metricSourceRef);
  if (!source) {
    tell.mistake(
      `${path}.metricSourceRef`,
      `names no DataSource in slo/ (is ${shown(metricSourceRef)}): add type: Prometheus beside it`,
      object,
    );
    return false;
  }
  const { spec } = source.content;
  const found = typeof spec === "object" && spec !== null && "type" in spec ? spec.type : undefined;
  if (typeof found === "string" && isPrometheus(found)) return true;
  tell.mistake("spec.type", `${must} (is ${shown(found)}): ${object.label} reads from this source`, source);
  return false;
}

function ratioV1alpha(
  { ratioMetrics }: SloV1alpha["spec"]["objectives"][number],
  index: number,
  object: OpenSloObject,
  tell: Tell,
): Ratio | undefined {
  if (!ratioMetrics) {
    tell.mistake(`spec.objectives[${index}].ratioMetrics`, "is missing: write good and total");
    return undefined;
  }
  const query = (which: "good" | "total"): Query => {
    const path = `spec.objectives[${index}].ratioMetrics.${which}`;
    const { source, queryType, query: text } = ratioMetrics[which];
    if (source !== undefined && !isPrometheus(source))
      tell.mistake(
        `${path}.source`,
        `must be prometheus (is ${shown(source)}): the rules are evaluated by Prometheus`,
      );
    if (queryType !== undefined && !/^promql$/i.test(queryType))
      tell.mistake(`${path}.queryType`, `must be promql (is ${shown(queryType)})`);
    return { in: object, path: `${path}.query`, text };
  };
  return { total: query("total"), counted: { what: "good", ...query("good") } };
}

/** What both versions share: queries, targets and texts. */
function finish(
  object: OpenSloObject,
  {
    metadata,
    spec,
  }: Pick<SloV1 | SloV1alpha, "metadata"> & {
    spec: { service: string; description?: string | undefined; objectives: readonly Objective[] };
  },
  ratios: readonly (Ratio | undefined)[],
  tell: Tell,
  failed: () => boolean,
): Slo[] {
  const several = spec.objectives.length > 1;
  const seen = new Map<Query, Selector | undefined>();
  const select = (query: Query) => {
    if (!seen.has(query)) seen.set(query, selectorOf(query, tell));
    return seen.get(query);
  };
  const slos = spec.objectives.flatMap((objective, index): Slo[] => {
    const path = `spec.objectives[${index}]`;
    const target = targetOf(objective, path, tell);
    for (const field of ["timeSliceTarget", "timeSliceWindow", "op", "value"] as const)
      if (objective[field] !== undefined)
        tell.note(`${path}.${field}`, "has no effect on a ratio with budgetingMethod Occurrences");
    const ratio = ratios[index];
    const total = ratio && select(ratio.total);
    const counted = ratio && select(ratio.counted);
    if (target === undefined || !ratio || !total || !counted) return [];
    if (selectorText(total) === selectorText(counted)) {
      tell.mistake(
        ratio.counted.path,
        `selects the same events as total, so ${ratio.counted.what === "good" ? "no event could be bad" : "every event would be bad"}: select the ${ratio.counted.what} ones`,
        ratio.counted.in,
      );
      return [];
    }
    const percent = Number((target * 100).toPrecision(9));
    const name = several ? `${metadata.name}-${String(percent).replace(".", "-")}` : metadata.name;
    if (!NAME.test(name))
      tell.mistake(
        "metadata.name",
        `${NAME_RULE} (would be ${shown(name)}, because there are several objectives)`,
      );
    if (name === "health")
      tell.mistake("metadata.name", "must not be health: that is the file of the health rules");
    const displayName = oneLine(metadata.displayName ?? "") || metadata.name;
    const dependsOn = metadata.annotations?.["lgtm-lab/depends-on-service"];
    return [
      {
        name,
        file: object.file,
        displayName: several ? `${displayName} (${percent} %)` : displayName,
        kind:
          metadata.annotations?.["lgtm-lab/kind"] ??
          (counted.metric.endsWith("_bucket") ? "latency" : "availability"),
        service: spec.service,
        ...(dependsOn !== undefined && { dependsOn }),
        objective: oneLine(objective.displayName ?? "") || `${percent} % of the events are good.`,
        description: spec.description?.trim() ?? "",
        target,
        budget: Number((1 - target).toPrecision(9)), // 1 − 0.999 is 0.0010000000000000009
        total: selectorText(total),
        counted: { what: ratio.counted.what, selector: selectorText(counted) },
      },
    ];
  });
  return failed() ? [] : slos;
}

function targetOf({ target, targetPercent }: Objective, path: string, tell: Tell): number | undefined {
  if (target !== undefined && targetPercent !== undefined) {
    tell.mistake(`${path}.targetPercent`, "must not stand beside target: keep one of them");
    return undefined;
  }
  const value =
    target ?? (targetPercent === undefined ? undefined : Number((targetPercent / 100).toPrecision(12)));
  if (value === undefined) {
    tell.mistake(`${path}.target`, "is missing: write a share such as 0.999, or targetPercent: 99.9");
    return undefined;
  }
  const problem = targetProblem(value);
  if (problem === undefined) return value;
  tell.mistake(target === undefined ? `${path}.targetPercent` : `${path}.target`, problem);
  return undefined;
}

function selectorOf({ in: object, path, text }: Query, tell: Tell): Selector | undefined {
  try {
    return parseSelector(text);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    tell.mistake(path, error.message, object);
    return undefined;
  }
}
