import { type Json, number, readFlag, readText, record } from "../../app/json.ts";

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
  fallback: DataSourceRef = { type: "", uid: "" },
): DataSourceRef {
  if (typeof value === "string") return { type: typeOf(value, fallback.type), uid: value };
  const { type, uid } = record(value);
  const given = { type: readText(type), uid: readText(uid) };
  if (!given.type && !given.uid) return fallback;
  return { type: typeOf(given.type || given.uid, given.type), uid: given.uid };
}

const KINDS = ["prometheus", "loki", "tempo"] as const;

function typeOf(name: string, fallback: string): string {
  const lower = name.toLowerCase();
  return KINDS.find((kind) => lower.includes(kind)) ?? (lower.includes("mimir") ? "prometheus" : fallback);
}

/** Reads a query of a panel. */
export function readTarget(json: Json, ofPanel: DataSourceRef, index: number): Target {
  const instant = readFlag(json.instant) || json.queryType === "instant";
  return {
    refId: readText(json.refId, String.fromCharCode(65 + (index % 26))),
    datasource: readDataSource(json.datasource, ofPanel),
    hide: readFlag(json.hide),
    query: readText(json.expr) || readText(json.query),
    legendFormat: readText(json.legendFormat),
    instant: instant && !(readFlag(json.range) && json.format !== "table"),
    exemplar: readFlag(json.exemplar),
    format: json.format === "table" || json.format === "heatmap" ? json.format : "time_series",
    queryType: readText(json.queryType),
    limit: number(json.limit) ?? number(json.maxLines),
    interval: readText(json.interval),
  };
}
