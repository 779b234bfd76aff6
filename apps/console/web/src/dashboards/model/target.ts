import { flag, type Json, number, record, text } from "../../app/json.ts";

export interface DataSourceRef {
  readonly type: string;
  readonly uid: string;
}

/** A query of a panel, with the fields of all types of data sources. */
export interface Target {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly hide: boolean;
  /** PromQL, LogQL or TraceQL, depending on the data source. */
  readonly query: string;
  readonly legendFormat: string;
  readonly instant: boolean;
  readonly exemplar: boolean;
  readonly format: "time_series" | "table" | "heatmap";
  readonly queryType: string;
  readonly limit: number | undefined;
  /** The minimum interval between points, such as `15s`. */
  readonly interval: string;
}

/** Reads `{type, uid}` or, in old files, the name of the data source. */
export function readDataSource(
  value: unknown,
  byDefault: DataSourceRef = { type: "", uid: "" },
): DataSourceRef {
  if (typeof value === "string") return { type: typeOf(value, byDefault.type), uid: value };
  const { type, uid } = record(value);
  const given = { type: text(type), uid: text(uid) };
  if (!given.type && !given.uid) return byDefault;
  return { type: typeOf(given.type || given.uid, given.type), uid: given.uid };
}

const KINDS = ["prometheus", "loki", "tempo"] as const;

function typeOf(name: string, byDefault: string): string {
  const lower = name.toLowerCase();
  return KINDS.find((kind) => lower.includes(kind)) ?? (lower.includes("mimir") ? "prometheus" : byDefault);
}

/** Reads a query of a panel. */
export function readTarget(json: Json, ofPanel: DataSourceRef, index: number): Target {
  const instant = flag(json.instant) || json.queryType === "instant";
  return {
    refId: text(json.refId, String.fromCharCode(65 + (index % 26))),
    datasource: readDataSource(json.datasource, ofPanel),
    hide: flag(json.hide),
    query: text(json.expr) || text(json.query),
    legendFormat: text(json.legendFormat),
    instant: instant && !(flag(json.range) && json.format !== "table"),
    exemplar: flag(json.exemplar),
    format: json.format === "table" || json.format === "heatmap" ? json.format : "time_series",
    queryType: text(json.queryType),
    limit: number(json.limit) ?? number(json.maxLines),
    interval: text(json.interval),
  };
}
