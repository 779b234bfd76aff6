import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { backends } from "../test/env.ts";
import {
  type Backends,
  countResult,
  type DataSourceJson,
  globalVariables,
  interpolate,
  lastSeconds,
  queryExemplars,
  type RunnableQuery,
  readDataSources,
  type Span,
  traceToLogsQuery,
  traceToMetricsQueries,
} from "./index.ts";
import { getJson } from "./queries/backend-client.ts";

interface TraceResponse {
  readonly batches: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans?: readonly { readonly spans: readonly { readonly traceId: string }[] }[];
  }[];
}

const without = "needs PROMETHEUS_URL, LOKI_URL and TEMPO_URL of a stack with demo traffic";

describe("the provisioned links, on live data", { skip: backends ? false : without }, () => {
  const live = backends as Backends;
  const sources = readDataSources({});
  const source = (uid: string) => (sources.get(uid) as DataSourceJson).jsonData;
  const range = lastSeconds(120);
  /** One span of each service, all from one request. */
  let spans: Span[] = [];

  before(async () => {
    const q = '{ resource.service.name = "gateway" && kind = server && duration < 1s }';
    // Old enough that its lines are stored.
    const parameters = { q, limit: "20", start: `${range.from}`, end: `${range.to - 10}` };
    const { traces = [] } = await getJson<{ traces?: { traceID: string }[] }>(
      live.tempo,
      "/api/search",
      parameters,
    );
    for (const { traceID } of traces) {
      const traceId = traceID.padStart(32, "0");
      const { batches } = await getJson<TraceResponse>(live.tempo, `/api/traces/${traceId}`, {});
      const services = new Set(batches.flatMap(({ resource }) => serviceOf(resource.attributes)));
      const found = [...services].map((name) => ({
        traceId,
        spanId: "",
        attributes: { "service.name": name },
      }));
      if (found.length > spans.length) spans = found;
    }
    assert.ok(spans.length >= 2, "no trace of two services was found");
  });

  const ran = (language: RunnableQuery["language"], query: string): RunnableQuery => ({
    dashboard: "",
    panel: "",
    panelId: 0,
    refId: "A",
    language,
    query,
    instant: false,
    step: 2,
    range,
    exemplars: false,
    limit: 100,
    filledBy: [],
    emptyText: undefined,
    type: "",
  });

  test("from a span to the log lines of its service", async () => {
    const link = source("tempo").tracesToLogsV2;
    assert.ok(link);
    assert.equal(link.datasourceUid, "loki");
    for (const span of spans) {
      const query = traceToLogsQuery(link, span);
      assert.ok(query);
      assert.ok((await countResult(ran("logql", query), live)) > 0, query);
      const other = traceToLogsQuery(link, { ...span, traceId: "f".repeat(32) });
      assert.equal(await countResult(ran("logql", other ?? ""), live), 0, "another trace has no lines");
    }
    assert.equal(traceToLogsQuery(link, { traceId: "1", spanId: "", attributes: {} }), undefined);
  });

  test("from a span to the metrics of its service", async () => {
    const link = source("tempo").tracesToMetrics;
    assert.ok(link);
    assert.equal(link.datasourceUid, "prometheus");
    for (const span of spans)
      for (const { name, query } of traceToMetricsQueries(link, span)) {
        const interpolated = interpolate(query, globalVariables(range, 2), "regex");
        assert.ok((await countResult(ran("promql", interpolated), live)) > 0, `${name}: ${interpolated}`);
      }
  });

  test("from a log line to its trace", async () => {
    const [field] = source("loki").derivedFields ?? [];
    assert.ok(field);
    assert.equal(field.datasourceUid, "tempo");
    const { data } = await getJson<{ data: { result: { stream: Record<string, string> }[] } }>(
      live.loki,
      "/loki/api/v1/query_range",
      {
        query: '{service_name="gateway"} | trace_id != ""',
        limit: "1",
        start: `${range.from}`,
        end: `${range.to - 10}`,
      },
    );
    const labels = data.result[0]?.stream ?? {};
    const key = Object.keys(labels).find((label) => new RegExp(field.matcherRegex).test(label)) ?? "";
    assert.equal(key, "trace_id");
    await assertTrace(labels[key]);
  });

  for (const [metric, name] of [
    ["http_server_request_duration_seconds_bucket", "trace_id"],
    ["rpc_server_call_duration_seconds_bucket", "trace_id"],
    ["lab_stream_excess_seconds_bucket", "trace_id"],
    ["traces_spanmetrics_latency_bucket", "traceID"],
  ] as const)
    test(`from a point of ${metric} to its trace, by ${name}`, async () => {
      const destinations = source("prometheus").exemplarTraceIdDestinations ?? [];
      assert.equal(destinations.find((one) => one.name === name)?.datasourceUid, "tempo");
      const labels = await queryExemplars(ran("promql", metric), live);
      await assertTrace(labels.findLast((one) => one[name])?.[name]);
    });

  /** Checks that Tempo has the trace. Uses the id as in the link: without leading zeros, which Tempo finds too. */
  async function assertTrace(traceId: string | undefined): Promise<void> {
    assert.match(traceId ?? "", /^[0-9a-f]{1,32}$/);
    const { batches } = await getJson<TraceResponse>(live.tempo, `/api/traces/${traceId}`, {});
    const ids = batches.flatMap(({ scopeSpans = [] }) =>
      scopeSpans.flatMap(({ spans }) => spans.map((span) => fromBase64(span.traceId))),
    );
    assert.deepEqual([...new Set(ids)], [traceId?.padStart(32, "0")]);
  }
});

/** Converts an id to hexadecimal. Ids are bytes in OTLP, and therefore base64 in Tempo's JSON. */
const fromBase64 = (id: string) => Buffer.from(id, "base64").toString("hex");

const serviceOf = (attributes: TraceResponse["batches"][number]["resource"]["attributes"]) =>
  attributes.flatMap(({ key, value }) =>
    key === "service.name" && value.stringValue ? [value.stringValue] : [],
  );
