import assert from "node:assert/strict";
import {
  lastSeconds,
  readDataSources,
  type Span,
  traceToLogsQuery,
  traceToMetricsQueries,
} from "@lgtm-lab/grafana";
import {
  column,
  countValues,
  dsQuery,
  exemplarIds,
  type Frame,
  type GrafanaClient,
} from "@lgtm-lab/grafana/api";
import { check } from "./support/check.ts";

const PROMETHEUS = { type: "prometheus", uid: "prometheus" };
const LOKI = { type: "loki", uid: "loki" };
const TEMPO = { type: "tempo", uid: "tempo" };
const RANGE_SECONDS = 300;

/** Returns the frames of one query. Throws Grafana's message if it fails. */
async function ask(
  visitor: GrafanaClient,
  query: Record<string, unknown>,
  range = lastSeconds(RANGE_SECONDS),
): Promise<readonly Frame[]> {
  const datasource = query.datasource as typeof PROMETHEUS;
  const completeQuery = { intervalMs: 2000, maxDataPoints: 1000, ...query, refId: "A", datasource };
  const result = (await dsQuery(visitor, [completeQuery], range)).get("A");
  if (!result || result.error !== undefined) throw new Error(`${JSON.stringify(query)}: ${result?.error}`);
  return result.frames;
}

/** Returns the spans of a trace, one of each service, as Grafana's trace view reads them. */
async function openTrace(visitor: GrafanaClient, traceId: string): Promise<Span[]> {
  const frames = await ask(visitor, { datasource: TEMPO, queryType: "traceId", query: traceId });
  const [frame] = frames;
  assert.ok(frame, "the trace does not exist");
  const services = new Set(column(frame, "serviceName").map(String));
  assert.ok(services.size > 0, "the trace has no spans");
  const [id] = column(frame, "traceID");
  return [...services].map((name) => ({
    traceId: String(id).padStart(32, "0"),
    spanId: "",
    attributes: { "service.name": name },
  }));
}

/** Without the last seconds: the lines of these requests may not be stored yet. */
async function exemplars(visitor: GrafanaClient, metric: string): Promise<string[]> {
  const expr = `histogram_quantile(0.95, sum by (le) (rate(${metric}[$__rate_interval])))`;
  const { from, to } = lastSeconds(RANGE_SECONDS);
  const query = { datasource: PROMETHEUS, expr, range: true, exemplar: true };
  return exemplarIds(await ask(visitor, query, { from, to: to - 10 }));
}

for (const metric of ["http_server_request_duration_seconds_bucket", "traces_spanmetrics_latency_bucket"])
  check(`from a point of ${metric} to its trace`, async (visitor) => {
    const id = (await exemplars(visitor, metric)).at(-1);
    assert.match(id ?? "", /^[0-9a-f]{1,32}$/);
    const [span] = await openTrace(visitor, id ?? "");
    assert.equal(span?.traceId, id?.padStart(32, "0"));
  });

check(
  "from a trace to the log lines of each of its services, and from a line back to the trace",
  async (visitor) => {
    const link = readDataSources({}).get("tempo")?.jsonData.tracesToLogsV2;
    const field = readDataSources({}).get("loki")?.jsonData.derivedFields?.[0];
    assert.ok(link && field);
    const ids = (await exemplars(visitor, "http_server_request_duration_seconds_bucket")).slice(0, 20);
    const traces = await Promise.all(ids.map((id) => openTrace(visitor, id)));
    const spans = traces.sort((a, b) => b.length - a.length)[0] ?? [];
    assert.ok(spans.length >= 2, "no trace of two services was found");
    for (const span of spans) {
      const frames = await ask(visitor, {
        datasource: LOKI,
        expr: traceToLogsQuery(link, span),
        queryType: "range",
      });
      assert.ok(countValues(frames) > 0, `no lines: ${traceToLogsQuery(link, span)}`);
      const labels = frames.flatMap((frame) => column(frame, "labels")) as Record<string, string>[];
      const keys: string[] = Object.keys(labels[0] ?? {}).filter((key) =>
        new RegExp(field.matcherRegex).test(key),
      );
      assert.deepEqual([keys[0], labels[0]?.[keys[0] ?? ""]], ["trace_id", span.traceId]);
    }
  },
);

check("from a trace to the metrics of each of its services", async (visitor) => {
  const link = readDataSources({}).get("tempo")?.jsonData.tracesToMetrics;
  assert.ok(link);
  const [id = ""] = await exemplars(visitor, "http_server_request_duration_seconds_bucket");
  for (const span of await openTrace(visitor, id))
    for (const { name, query: expr } of traceToMetricsQueries(link, span))
      assert.ok(
        countValues(await ask(visitor, { datasource: PROMETHEUS, expr, range: true })) > 0,
        `${name}: ${expr}`,
      );
});
