import * as v from "valibot";
import {
  describe,
  type Indicator,
  indicator as indicatorSchema,
  issueMessage,
  NAME,
  NAME_RULE,
  type SloV1,
  type SloV1alpha,
  sloV1,
  sloV1alpha,
  targetProblem,
} from "./schema.ts";
import { oneLine, parseSelector, type Selector, SelectorError, selectorText } from "./selector.ts";

/** One objective, as the generators use it. */
export interface Slo {
  readonly name: string;
  /** The file in `slo/` that defines it. */
  readonly file: string;
  readonly displayName: string;
  /** Kind of objective: `availability`, `latency`, `pace`. It names the alert and its runbook. */
  readonly kind: string;
  /** `service_name` of the service that has the objective. */
  readonly service: string;
  /** `service_name` of the service that this objective depends on; its outage explains a breach. */
  readonly dependsOn?: string;
  /** The objective in a sentence. */
  readonly objective: string;
  readonly description: string;
  /** Share of events that must be good, such as 0.999. */
  readonly target: number;
  /** Share of events that may be bad: 1 − target. */
  readonly budget: number;
  /** Selector of the counter of all events. */
  readonly total: string;
  /** Selector of the counter of good events, or of bad events. */
  readonly counted: { readonly what: "good" | "bad"; readonly selector: string };
}

/** An OpenSLO object as read from a file: an SLO or an object that an SLO can refer to. */
export interface OpenSloObject {
  readonly file: string;
  /** Its place in messages: the file, and the number of the document if the file has several. */
  readonly label: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string | undefined;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Collects mistakes, which stop the generator, and notes, which do not. */
export interface Diagnostics {
  mistake(object: OpenSloObject, path: string, sentence: string): void;
  note(object: OpenSloObject, path: string, sentence: string): void;
}

/** Finds an object that another object refers to by name. */
export type Lookup = (kind: "SLI" | "DataSource", name: string) => OpenSloObject | undefined;

/** A query, and the object and field that contain it. */
interface Query {
  readonly object: OpenSloObject;
  readonly path: string;
  readonly text: string;
}

interface Ratio {
  readonly total: Query;
  readonly counted: Query & { readonly what: "good" | "bad" };
}

type Objective = SloV1["spec"]["objectives"][number];

/** Returns the objectives of an SLO object, one for each target. Empty if the object has a mistake. */
export function toSlos(object: OpenSloObject, lookup: Lookup, diagnostics: Diagnostics): Slo[] {
  let failed = false;
  const mistake = (path: string, sentence: string, inObject = object) => {
    failed = true;
    diagnostics.mistake(inObject, path, sentence);
  };
  const report: Reporter = { mistake, note: (path, sentence) => diagnostics.note(object, path, sentence) };
  if (object.apiVersion === "openslo/v1alpha") {
    const slo = validate(sloV1alpha, object, report);
    if (!slo) return [];
    checkWindow(slo.spec.timeWindows?.[0], "timeWindows", report);
    const ratios = slo.spec.objectives.map((objective, index) =>
      ratioV1alpha(objective, index, object, report),
    );
    return buildSlos(object, slo, ratios, report, () => failed);
  }
  const slo = validate(sloV1, object, report);
  if (!slo) return [];
  checkWindow(slo.spec.timeWindow?.[0], "timeWindow", report);
  if (slo.spec.alertPolicies !== undefined)
    report.note("spec.alertPolicies", "has no effect: the generator creates the alerts (docs/slos.md)");
  const ratio = ratioV1(slo, object, lookup, report);
  return buildSlos(
    object,
    slo,
    slo.spec.objectives.map(() => ratio),
    report,
    () => failed,
  );
}

/** Reports mistakes and notes about one SLO object; a mistake may be in an object that the SLO refers to. */
interface Reporter {
  mistake(path: string, sentence: string, inObject?: OpenSloObject): void;
  note(path: string, sentence: string): void;
}

function validate<Schema extends v.GenericSchema>(
  schema: Schema,
  object: OpenSloObject,
  report: Reporter,
  content: unknown = object.content,
  prefix: readonly PropertyKey[] = [],
): v.InferOutput<Schema> | undefined {
  const parsed = v.safeParse(schema, withoutEmpty(content), { message: issueMessage });
  if (parsed.success) return parsed.output;
  for (const issue of parsed.issues)
    report.mistake(pathText([...prefix, ...pathOf(issue)]), issue.message, object);
  return undefined;
}

/** The path of an issue. An unknown field belongs to the map that contains it. */
function pathOf({ type, expected, path }: v.BaseIssue<unknown>): PropertyKey[] {
  const keys = path?.map(({ key }) => key as PropertyKey) ?? [];
  return type === "strict_object" && expected === "never" ? keys.slice(0, -1) : keys;
}

/** Removes fields without a value. The depth is limited because aliases can make a document circular. */
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

/** Checks that the window is a rolling one of 30 days, which is also the default. */
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
  report: Reporter,
): void {
  const path = `spec.${field}[0]`;
  if (window === undefined) {
    report.note(`spec.${field}`, "is missing: a rolling window of 30 days is used");
    return;
  }
  if (window.isRolling === false || window.calendar !== undefined) {
    report.mistake(
      window.calendar !== undefined ? `${path}.calendar` : `${path}.isRolling`,
      `calendar windows are not supported: use ${field === "timeWindow" ? "duration: 30d" : "count: 30 and unit: Day"} and isRolling: true`,
    );
    return;
  }
  if (field === "timeWindows") {
    const isDays = typeof window.unit === "string" && /^days?$/i.test(window.unit);
    if (window.count !== 30 || !isDays)
      report.mistake(
        path,
        `must be count: 30 and unit: Day (got ${describe(window.count)} ${describe(window.unit)}): ${WHY_30D}`,
      );
    return;
  }
  const [, amount, unit = ""] = /^(\d+)([a-zA-Z])$/.exec(String(window.duration ?? "")) ?? [];
  if (Number(amount) * (UNITS[unit] ?? Number.NaN) !== THIRTY_DAYS)
    report.mistake(
      `${path}.duration`,
      window.duration === undefined
        ? "is missing: add 30d"
        : `must be 30d (got ${describe(window.duration)}): ${WHY_30D}`,
    );
}

function ratioV1(slo: SloV1, object: OpenSloObject, lookup: Lookup, report: Reporter): Ratio | undefined {
  const { indicator, indicatorRef } = slo.spec;
  if (indicator && indicatorRef !== undefined)
    report.mistake("spec.indicatorRef", "cannot be combined with spec.indicator: keep one of them");
  else if (indicator) return ratioOf(indicator.spec, ["spec", "indicator", "spec"], object, lookup, report);
  else if (indicatorRef !== undefined) {
    const sli = lookup("SLI", indicatorRef);
    if (!sli) {
      report.mistake(
        "spec.indicatorRef",
        `refers to an SLI that is not in slo/ (got ${describe(indicatorRef)}): add the SLI, or use spec.indicator`,
      );
      return undefined;
    }
    const spec = validate(indicatorSchema, sli, report, sli.content.spec, ["spec"]);
    if (spec) return ratioOf(spec, ["spec"], sli, lookup, report);
  } else
    report.mistake(
      "spec.indicator",
      "is missing: add spec.indicator, or spec.indicatorRef with the name of an SLI",
    );
  return undefined;
}

function ratioOf(
  { ratioMetric }: Indicator,
  prefix: readonly string[],
  object: OpenSloObject,
  lookup: Lookup,
  report: Reporter,
): Ratio | undefined {
  const path = pathText([...prefix, "ratioMetric"]);
  const fail = (field: string, sentence: string) => {
    report.mistake(field, sentence, object);
    return undefined;
  };
  if (!ratioMetric) return fail(path, "is missing: add total, and good or bad");
  const { good, bad, total } = ratioMetric;
  if (!total) return fail(`${path}.total`, "is missing: add the counter of all events");
  if (good && bad)
    return fail(
      path,
      "must have either good or bad, not both: the generator computes the other one from total",
    );
  const counted = good ?? bad;
  if (!counted) return fail(path, "must have either good or bad in addition to total");
  const what = good ? "good" : "bad";
  const query = ({ metricSource }: typeof counted, which: string): Query | undefined => {
    const at = `${path}.${which}.metricSource`;
    // The query language of another source is unknown, so its query is not checked.
    if (!checkSource(metricSource, at, object, lookup, report)) return undefined;
    return { object, path: `${at}.spec.query`, text: metricSource.spec.query };
  };
  const [all, some] = [query(total, "total"), query(counted, what)];
  return all && some && { total: all, counted: { what, ...some } };
}

/** Returns whether the type names a system that evaluates PromQL rules. */
const isPrometheus = (type: string) => /^(prometheus|mimir|cortex|thanos|victoriametrics)$/i.test(type);

function checkSource(
  { type, metricSourceRef }: { type?: string | undefined; metricSourceRef?: string | undefined },
  path: string,
  object: OpenSloObject,
  lookup: Lookup,
  report: Reporter,
): boolean {
  if (type !== undefined) {
    if (isPrometheus(type)) return true;
    report.mistake(
      `${path}.type`,
      `must be Prometheus (got ${describe(type)}): the rules are evaluated by Prometheus`,
      object,
    );
    return false;
  }
  if (metricSourceRef === undefined) {
    report.mistake(`${path}.type`, "is missing: add Prometheus", object);
    return false;
  }
  const source = lookup("DataSource", metricSourceRef);
  if (!source) {
    report.mistake(
      `${path}.metricSourceRef`,
      `refers to a DataSource that is not in slo/ (got ${describe(metricSourceRef)}): add the DataSource, or replace the reference by type: Prometheus`,
      object,
    );
    return false;
  }
  const { spec } = source.content;
  const found = typeof spec === "object" && spec !== null && "type" in spec ? spec.type : undefined;
  if (typeof found === "string" && isPrometheus(found)) return true;
  report.mistake(
    "spec.type",
    `must be Prometheus (got ${describe(found)}): ${object.label} reads from this source`,
    source,
  );
  return false;
}

function ratioV1alpha(
  { ratioMetrics }: SloV1alpha["spec"]["objectives"][number],
  index: number,
  object: OpenSloObject,
  report: Reporter,
): Ratio | undefined {
  if (!ratioMetrics) {
    report.mistake(`spec.objectives[${index}].ratioMetrics`, "is missing: add good and total");
    return undefined;
  }
  const query = (which: "good" | "total"): Query => {
    const path = `spec.objectives[${index}].ratioMetrics.${which}`;
    const { source, queryType, query: text } = ratioMetrics[which];
    if (source !== undefined && !isPrometheus(source))
      report.mistake(
        `${path}.source`,
        `must be prometheus (got ${describe(source)}): the rules are evaluated by Prometheus`,
      );
    if (queryType !== undefined && !/^promql$/i.test(queryType))
      report.mistake(`${path}.queryType`, `must be promql (got ${describe(queryType)})`);
    return { object, path: `${path}.query`, text };
  };
  return { total: query("total"), counted: { what: "good", ...query("good") } };
}

/** Checks queries and targets, and builds the objectives. Both versions of OpenSLO share this. */
function buildSlos(
  object: OpenSloObject,
  {
    metadata,
    spec,
  }: Pick<SloV1 | SloV1alpha, "metadata"> & {
    spec: { service: string; description?: string | undefined; objectives: readonly Objective[] };
  },
  ratios: readonly (Ratio | undefined)[],
  report: Reporter,
  failed: () => boolean,
): Slo[] {
  const hasSeveral = spec.objectives.length > 1;
  const selectors = new Map<Query, Selector | undefined>();
  const select = (query: Query) => {
    if (!selectors.has(query)) selectors.set(query, selectorOf(query, report));
    return selectors.get(query);
  };
  const slos = spec.objectives.flatMap((objective, index): Slo[] => {
    const path = `spec.objectives[${index}]`;
    const target = targetOf(objective, path, report);
    for (const field of ["timeSliceTarget", "timeSliceWindow", "op", "value"] as const)
      if (objective[field] !== undefined)
        report.note(`${path}.${field}`, "has no effect on a ratio with budgetingMethod Occurrences");
    const ratio = ratios[index];
    const total = ratio && select(ratio.total);
    const counted = ratio && select(ratio.counted);
    if (target === undefined || !ratio || !total || !counted) return [];
    if (selectorText(total) === selectorText(counted)) {
      report.mistake(
        ratio.counted.path,
        `selects the same events as total, so ${ratio.counted.what === "good" ? "no event could be bad" : "every event would be bad"}: select only the ${ratio.counted.what} events`,
        ratio.counted.object,
      );
      return [];
    }
    const percent = Number((target * 100).toPrecision(9));
    const name = hasSeveral ? `${metadata.name}-${String(percent).replace(".", "-")}` : metadata.name;
    if (!NAME.test(name))
      report.mistake(
        "metadata.name",
        `${NAME_RULE} (got ${describe(name)}; the target is appended because there are several objectives)`,
      );
    if (name === "health")
      report.mistake(
        "metadata.name",
        "must not be health, which is the name of the file of the health rules",
      );
    const displayName = oneLine(metadata.displayName ?? "") || metadata.name;
    const dependsOn = metadata.annotations?.["lgtm-lab/depends-on-service"];
    return [
      {
        name,
        file: object.file,
        displayName: hasSeveral ? `${displayName} (${percent} %)` : displayName,
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

function targetOf({ target, targetPercent }: Objective, path: string, report: Reporter): number | undefined {
  if (target !== undefined && targetPercent !== undefined) {
    report.mistake(`${path}.targetPercent`, "cannot be combined with target: keep one of them");
    return undefined;
  }
  const value =
    target ?? (targetPercent === undefined ? undefined : Number((targetPercent / 100).toPrecision(12)));
  if (value === undefined) {
    report.mistake(`${path}.target`, "is missing: add a share such as 0.999, or targetPercent: 99.9");
    return undefined;
  }
  const problem = targetProblem(value);
  if (problem === undefined) return value;
  report.mistake(target === undefined ? `${path}.targetPercent` : `${path}.target`, problem);
  return undefined;
}

function selectorOf({ object, path, text }: Query, report: Reporter): Selector | undefined {
  try {
    return parseSelector(text);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    report.mistake(path, error.message, object);
    return undefined;
  }
}
