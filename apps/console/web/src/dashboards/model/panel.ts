import { clampedInteger, type Json, number, readFlag, readText, record, records } from "../../app/json.ts";
import { type FieldConfig, readFieldConfig } from "./field-config.ts";
import { type Link, readLinks } from "./link.ts";
import { readDataSource, readTarget, type Target } from "./target.ts";

export interface Panel {
  /** Unique in the dashboard, unlike the ids in the file. */
  readonly key: string;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  /** The position in a grid of 24 columns and rows of 30 pixels. */
  readonly grid: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly transparent: boolean;
  readonly targets: readonly Target[];
  readonly maxDataPoints: number | undefined;
  readonly interval: string;
  /** A time range such as `1h` that overrides the dashboard's. */
  readonly timeFrom: string;
  readonly options: Json;
  readonly fieldConfig: FieldConfig;
  readonly transformations: readonly {
    readonly id: string;
    readonly options: Json;
    readonly disabled: boolean;
  }[];
  readonly links: readonly Link[];
  /** The variable for whose values the panel is repeated, or an empty string. */
  readonly repeat: string;
  readonly repeatDown: boolean;
  readonly maxPerRow: number;
}

/** The maximum number of queries of a panel. Grafana names them by letters. */
export const MAX_QUERIES = 26;

/** Reads a panel. `key` identifies it in the dashboard. */
export function readPanel(json: Json, key: string): Panel {
  const grid = record(json.gridPos);
  const w = clampedInteger(grid.w, 1, 24, 12);
  const targets = records(json.targets).slice(0, MAX_QUERIES);
  const datasource = readDataSource(json.datasource, readDataSource(targets[0]?.datasource));
  return {
    key,
    type: readText(json.type, "unknown"),
    title: readText(json.title),
    description: readText(json.description),
    grid: {
      x: clampedInteger(grid.x, 0, 24 - w, 0),
      y: clampedInteger(grid.y, 0, 1e6, 0),
      w,
      h: clampedInteger(grid.h, 2, 60, 8),
    },
    transparent: readFlag(json.transparent),
    targets: targets.map((target, index) => readTarget(target, datasource, index)),
    maxDataPoints: number(json.maxDataPoints),
    interval: readText(json.interval),
    timeFrom: readText(json.timeFrom),
    options: record(json.options),
    fieldConfig: readFieldConfig(json.fieldConfig),
    transformations: records(json.transformations).map(({ id, options, disabled }) => ({
      id: readText(id),
      options: record(options),
      disabled: readFlag(disabled),
    })),
    links: readLinks(json.links),
    repeat: readText(json.repeat),
    repeatDown: json.repeatDirection === "v",
    maxPerRow: clampedInteger(json.maxPerRow, 1, 24, 4),
  };
}
