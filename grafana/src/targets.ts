import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import { DataqueryBuilder as LokiQuery } from "@grafana/grafana-foundation-sdk/loki";
import {
  DataqueryBuilder as PrometheusQuery,
  PromQueryFormat,
} from "@grafana/grafana-foundation-sdk/prometheus";
import { SearchTableType, DataqueryBuilder as TempoQuery } from "@grafana/grafana-foundation-sdk/tempo";
import { DATA_SOURCES } from "./uids.ts";

/** A query of a panel, without its letter: a panel names its queries A, B, … in order. */
export type Target = (refId: string) => Builder<Dataquery>;

export interface MetricOptions {
  /** Shows exemplars. Only if the expression selects histogram buckets. */
  readonly exemplars?: boolean;
  /** One value at the end of the time range, instead of a line. */
  readonly instant?: boolean;
  /** The format of the result; default time series. */
  readonly format?: "table" | "heatmap";
}

const FORMATS = { table: PromQueryFormat.Table, heatmap: PromQueryFormat.Heatmap };

/** PromQL. `legend` as Grafana writes it: `{{service_name}} p99`. */
export function metric(
  expr: string,
  legend: string,
  { exemplars = false, instant = false, format }: MetricOptions = {},
): Target {
  return (refId) => {
    const query = new PrometheusQuery()
      .refId(refId)
      .datasource(DATA_SOURCES.prometheus)
      .expr(expr)
      .legendFormat(legend)
      .exemplar(exemplars)
      .format(format ? FORMATS[format] : PromQueryFormat.TimeSeries);
    return instant ? query.instant() : query.range();
  };
}

/** LogQL that counts: a line over time, or one value for the whole time range (`instant`). */
export function logMetric(expr: string, legend: string, { instant = false } = {}): Target {
  return (refId) =>
    new LokiQuery()
      .refId(refId)
      .datasource(DATA_SOURCES.loki)
      .expr(expr)
      .legendFormat(legend)
      .queryType(instant ? "instant" : "range");
}

/** LogQL that selects lines, the newest `lines` of them. */
export function logLines(expr: string, lines: number): Target {
  return (refId) =>
    new LokiQuery().refId(refId).datasource(DATA_SOURCES.loki).expr(expr).queryType("range").maxLines(lines);
}

/**
 * TraceQL: at most `limit` traces with a matching span. Uses only what the Tempo of 2023 supports too: no structural
 * operators, no metrics, and a table of traces, because its response lacks the fields for a table of spans.
 */
export function traces(query: string, limit: number): Target {
  return (refId) =>
    new TempoQuery()
      .refId(refId)
      .datasource(DATA_SOURCES.tempo)
      .queryType("traceql")
      .query(query)
      .limit(limit)
      .tableType(SearchTableType.Traces)
      .filters([]);
}

/** Shows which service calls which, from the service graph that Tempo writes to Prometheus. */
export const serviceMap: Target = (refId) =>
  new TempoQuery().refId(refId).datasource(DATA_SOURCES.tempo).queryType("serviceMap").query("").filters([]);
