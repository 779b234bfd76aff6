import { type DataFrame, type Field, FieldType } from "@grafana/data";
import type { Labels, Sample, Series } from "../../api/prometheus.ts";

/** Parses a number, including `NaN` and `+Inf`. */
export const numberOf = (value: string): number =>
  value === "+Inf" ? Number.POSITIVE_INFINITY : value === "-Inf" ? Number.NEGATIVE_INFINITY : Number(value);

const times = (samples: readonly Sample[]) => samples.map(([time]) => Math.round(time * 1000));

/** Converts each series to a frame. `intervalMs` is the distance between points, used to detect gaps. */
export function seriesFrames(
  series: readonly Series[],
  refId: string,
  name: (labels: Labels) => string,
  intervalMs?: number,
): DataFrame[] {
  return series.map(({ metric, values }) => ({
    refId,
    length: values.length,
    fields: [
      timeField(times(values), intervalMs),
      {
        name: "Value",
        type: FieldType.number,
        labels: { ...metric },
        values: values.map(([, value]) => numberOf(value)),
        config: { displayNameFromDS: name(metric) },
      },
    ],
  }));
}

/** Creates the time field of a frame. */
const timeField = (values: number[], intervalMs?: number): Field => ({
  name: "Time",
  type: FieldType.time,
  values,
  config: intervalMs ? { interval: intervalMs } : {},
});

/** Converts all series to one table with the time, a column for each label, and the value. */
export function tableFrame(series: readonly Series[], refId: string, valueName: string): DataFrame {
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const rows = series.flatMap(({ metric, values }) => values.map((sample) => ({ metric, sample })));
  return {
    refId,
    length: rows.length,
    fields: [
      timeField(rows.map(({ sample: [time] }) => Math.round(time * 1000))),
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        values: rows.map(({ metric }) => metric[label] ?? ""),
        config: { filterable: true },
      })),
      {
        name: valueName,
        type: FieldType.number,
        values: rows.map(({ sample: [, value] }) => numberOf(value)),
        config: {},
      },
    ],
  };
}

/**
 * Converts the cumulative buckets of a histogram to rows of a heat map: one column for each `le`, in ascending order,
 * with the count of that bucket only.
 */
export function heatmapFrame(
  series: readonly Series[],
  refId: string,
  intervalMs: number,
): DataFrame | undefined {
  const ordered = series
    .filter(({ metric }) => metric.le !== undefined)
    .map(({ metric, values }) => ({ le: metric.le ?? "", bound: numberOf(metric.le ?? ""), values }))
    .sort((a, b) => a.bound - b.bound);
  if (ordered.length === 0) return undefined;
  const all = [...new Set(ordered.flatMap(({ values }) => times(values)))].sort((a, b) => a - b);
  let below = new Map<number, number>();
  const fields = ordered.map(({ le, values }) => {
    const counts = new Map(values.map(([time, value]) => [Math.round(time * 1000), numberOf(value)]));
    const own = all.map((time) => {
      const count = counts.get(time);
      return count === undefined ? null : Math.max(0, count - (below.get(time) ?? 0));
    });
    below = counts;
    return { name: le, type: FieldType.number, labels: { le }, values: own, config: {} };
  });
  return { refId, length: all.length, fields: [timeField(all, intervalMs), ...fields] };
}

/** Formats the name of a series with a legend format such as `{{service_name}} p99`, or lists its labels in braces. */
export function legend(format: string, labels: Labels, expr: string): string {
  if (format !== "" && format !== "__auto")
    return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name: string) => labels[name] ?? "");
  const { __name__: name = "", ...others } = labels;
  const entries = Object.entries(others);
  if (format === "__auto" && entries.length === 1 && entries[0]) return entries[0][1];
  const inside = entries.map(([label, value]) => `${label}="${value}"`).join(", ");
  return inside || name === "" ? (inside ? `${name}{${inside}}` : expr) : name;
}
