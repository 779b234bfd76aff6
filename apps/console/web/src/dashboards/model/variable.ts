import { type Json, number, readFlag, readText, readTexts, record } from "../../app/json.ts";
import { type DataSourceRef, readDataSource } from "./target.ts";

export type VariableType = "query" | "custom" | "interval" | "datasource" | "textbox" | "constant" | "other";

export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly type: VariableType;
  readonly datasource: DataSourceRef;
  /** The query (such as `label_values(up, job)`) or the list of values. */
  readonly query: string;
  /** For Loki and Tempo: the label, and a selector for its streams. */
  readonly labelOf: { readonly label: string; readonly stream: string } | undefined;
  readonly regex: string;
  readonly sort: number;
  readonly multi: boolean;
  readonly includeAll: boolean;
  readonly allValue: string;
  readonly hidden: boolean;
  /** The variable is not read from URLs and not added to links. */
  readonly skipUrl: boolean;
  /** The default value. */
  readonly current: readonly string[];
}

/** The value that represents "all" in URLs and dashboard files. */
export const ALL = "$__all";

const TYPES: readonly VariableType[] = ["query", "custom", "interval", "datasource", "textbox", "constant"];

/** Reads a variable. */
export function readVariable(json: Json): Variable {
  const query = record(json.query);
  const label = readText(query.label);
  const { value } = record(json.current);
  return {
    name: readText(json.name),
    label: readText(json.label) || readText(json.name),
    description: readText(json.description),
    type: TYPES.find((type) => type === json.type) ?? "other",
    datasource: readDataSource(json.datasource),
    query: readText(json.query) || readText(query.query) || readText(query.expr) || readText(json.definition),
    labelOf: label ? { label, stream: readText(query.stream) } : undefined,
    regex: readText(json.regex),
    sort: number(json.sort) ?? 0,
    multi: readFlag(json.multi),
    includeAll: readFlag(json.includeAll),
    allValue: readText(json.allValue),
    hidden: number(json.hide) === 2 || json.type === "constant",
    skipUrl: readFlag(json.skipUrlSync),
    current: Array.isArray(value) ? readTexts(value) : typeof value === "string" ? [value] : [],
  };
}
