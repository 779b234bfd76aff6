import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSamples } from "./http.ts";
import { LOSS_COUNTERS } from "./loss-reasons.ts";
import {
  explainResponse,
  growth,
  lossesOf,
  problemsOf,
  readPrometheusErrors,
  readResponses,
  withReasons,
} from "./losses.ts";

const NOW = Date.parse("2026-11-28T04:10:00Z");
const page = (component: string, text: string) => ({ component, samples: parseSamples(text) });
const seen = (losses: ReturnType<typeof lossesOf>) =>
  losses.map(({ counter, component, count }) => `${component} ${counter.metric} ${count}`);

test("the growth of a counter is exact, even if it appears in the window or its process restarts", () => {
  assert.equal(growth(7, [7, 7, 9]), 2);
  assert.equal(growth(undefined, [3, 3, 4]), 4, "its first losses are in its first sample");
  assert.equal(growth(7, [9, 1, 2]), 4, "a restart begins at 0");
  assert.equal(growth(7, []), 0);
  assert.equal(growth(7, [7, 7]), 0, "old losses are not losses of the last 10 minutes");
});

test("losses combine the history with the current page, but not with another component's counter of the same name", () => {
  const metric = {
    __name__: "tempo_discarded_spans_total",
    service_name: "tempo",
    job: "tempo",
    reason: "trace_too_large",
  };
  const history = { series: [{ metric, values: [5, 8] }], before: [{ metric, values: [5] }] };
  const now = 'tempo_discarded_spans_total{reason="trace_too_large",tenant="x"} 10';
  assert.deepEqual(seen(lossesOf([page("tempo", now)], history)), ["tempo tempo_discarded_spans_total 5"]);
  assert.deepEqual(seen(lossesOf([page("tempo", now)], undefined)), ["tempo tempo_discarded_spans_total 10"]);
  assert.deepEqual(seen(lossesOf([page("prometheus", now)], undefined)), []);
  assert.deepEqual(
    seen(lossesOf([{ component: "tempo", samples: undefined }], { series: [], before: [] })),
    [],
  );
});

test("a counter that counts successes too is read by its reason only", () => {
  const text = `otelcol_deltatocumulative_datapoints_total 500
otelcol_deltatocumulative_datapoints_total{error="limit"} 3
alertmanager_notifications_failed_total{integration="email",reason="other"} 9`;
  assert.deepEqual(seen(lossesOf([page("otelcol", text), page("alertmanager", text)], undefined)), [
    "otelcol otelcol_deltatocumulative_datapoints_total 3",
  ]);
});

test("a filter that only splits metrics between two pipelines loses nothing", () => {
  const text = `otelcol_processor_filter_datapoints_filtered_total{filter="filter/route-other"} 7
otelcol_processor_filter_datapoints_filtered_total{filter="filter/metric-too-old"} 1`;
  assert.deepEqual(seen(lossesOf([page("otelcol", text)], undefined)), [
    "otelcol otelcol_processor_filter_datapoints_filtered_total 1",
  ]);
});

test("rejected requests are reported by status and path; accepted, postponed and other requests are not losses", () => {
  const http = (method: string, status: number, route: string, count: number) =>
    `otelcol_receiver_http_request_duration_seconds_count{http_request_method="${method}",http_response_status_code="${status}",http_route="${route}"} ${count}`;
  const grpc = (status: string, count: number) =>
    `otelcol_receiver_grpc_call_duration_seconds_count{rpc_method="LogsService/Export",rpc_response_status_code="${status}"} ${count}`;
  const text = [
    http("POST", 200, "/v1/traces", 100),
    http("POST", 429, "/v1/traces", 20),
    http("POST", 503, "/v1/traces", 20),
    http("GET", 405, "/v1/traces", 20),
    http("POST", 400, "/v1/traces", 5),
    http("POST", 400, "/v1/logs", 4),
    http("POST", 404, "", 3),
    grpc("OK", 100),
    grpc("UNAVAILABLE", 20),
    grpc("RESOURCE_EXHAUSTED", 2),
  ].join("\n");
  const losses = lossesOf([page("otelcol", text)], undefined);
  const problems = problemsOf(losses, "lost", "now", new Map());
  assert.deepEqual(
    problems.map(({ cause }) => cause.replace(/:.*/, "")),
    [
      "otelcol rejected 5 requests now (400, /v1/traces)",
      "otelcol rejected 4 requests now (400, /v1/logs)",
      "otelcol rejected 3 requests now (404)",
      "otelcol rejected 2 requests now (RESOURCE_EXHAUSTED, LogsService/Export)",
    ],
  );
});

test("records that Loki stored beside a rejected one are not losses", () => {
  const collector = page(
    "otelcol",
    'otelcol_exporter_send_failed_log_records_total{exporter="otlp_http/loki"} 7',
  );
  const loki = (format: string) =>
    page("loki", `loki_discarded_samples_total{reason="too_far_behind",format="${format}"} 1`);
  assert.deepEqual(seen(lossesOf([collector, loki("otlp")], undefined)), [
    "loki loki_discarded_samples_total 1",
  ]);
  assert.equal(
    lossesOf([collector, loki("loki")], undefined).length,
    2,
    "that record was sent on another path",
  );
});

for (const reason of ["rate_limited", "per_stream_rate_limit", "stream_limit"])
  test(`a temporary refusal by Loki (${reason}) does not hide the collector's losses`, () => {
    const failed = 'otelcol_exporter_send_failed_log_records_total{exporter="otlp_http/loki"} 7';
    const later = `loki_discarded_samples_total{reason="${reason}",format="otlp"} 9`;
    assert.deepEqual(seen(lossesOf([page("otelcol", failed), page("loki", later)], undefined)), [
      "otelcol otelcol_exporter_send_failed_log_records_total 7",
      "loki loki_discarded_samples_total 9",
    ]);
  });

test("the services' own drops count for each service", () => {
  const text = 'telemetry_spans_dropped_total{reason="x"} 2\ntelemetry_spans_dropped_total{reason="y"} 3';
  assert.deepEqual(seen(lossesOf([page("gateway", text), page("my-app", text)], undefined)), [
    "gateway telemetry_spans_dropped_total 5",
    "my-app telemetry_spans_dropped_total 5",
  ]);
});

/** For each counter and value of its label: what the doctor's message must say about cause and fix. */
const EXPLANATIONS: [metric: string, reason: string, why: RegExp, fix: RegExp][] = [
  [
    "otelcol_processor_filter_spans_filtered_total",
    "filter/span-without-trace-id",
    /trace id .*bug in the sender/,
    /in the sender/,
  ],
  [
    "otelcol_processor_filter_spans_filtered_total",
    "filter/span-without-id",
    /trace id or span id .*bug in the sender/,
    /sender/,
  ],
  [
    "otelcol_processor_filter_datapoints_filtered_total",
    "filter/metric-from-future",
    /in the future/,
    /clock/,
  ],
  [
    "otelcol_processor_filter_datapoints_filtered_total",
    "filter/histogram-not-convertible",
    /delta exponential histogram .*scale .*0 to 20.* 100,000.*cannot convert/,
    /TEMPORALITY_PREFERENCE=cumulative.*explicit buckets/,
  ],
  [
    "otelcol_processor_filter_datapoints_filtered_total",
    "filter/histogram-too-coarse-converted",
    /delta .*converted.*scale below -4/,
    /explicit buckets/,
  ],
  ["otelcol_processor_filter_logs_filtered_total", "filter/log-too-old", /older than the 7 days/, /clock/],
  [
    "otelcol_processor_filter_logs_filtered_total",
    "filter/odd",
    /drops such items \(odd\)/,
    /filter\/odd in otel-collector/,
  ],
  [
    "otelcol_deltatocumulative_datapoints_total",
    "delta.ErrOutOfOrder",
    /out of order/,
    /service\.instance\.id/,
  ],
  ["otelcol_deltatocumulative_datapoints_total", "delta.ErrNew", /reason delta\.ErrNew/, /lab logs otelcol/],
  [
    "tempo_discarded_spans_total",
    "trace_too_large",
    /exceeds Tempo's maximum size/,
    /new trace for each request/,
  ],
  ["tempo_discarded_spans_total", "novelty", /reason novelty/, /lab logs tempo/],
  ["loki_discarded_samples_total", "structured_metadata_too_large", /64 KB/, /attributes/],
  ["loki_discarded_samples_total", "novelty", /reason novelty/, /lab logs loki/],
  [
    "otelcol_exporter_send_failed_metric_points_total",
    "otlp_http/prometheus",
    /Prometheus rejected/,
    /lab logs otelcol/,
  ],
  [
    "otelcol_exporter_send_failed_metric_points_total",
    "otlp_http/prometheus-exponential",
    /buckets do not add up/,
    /lab logs prometheus/,
  ],
  [
    "otelcol_receiver_http_request_duration_seconds_count",
    "400",
    /not valid OTLP/,
    /CollectorInvalidRequests/,
  ],
  [
    "otelcol_receiver_http_request_duration_seconds_count",
    "404",
    /path is not one of/,
    /OTEL_EXPORTER_OTLP_ENDPOINT/,
  ],
  ["otelcol_receiver_http_request_duration_seconds_count", "415", /Content-Type/, /application|Content-Type/],
  ["otelcol_receiver_grpc_call_duration_seconds_count", "RESOURCE_EXHAUSTED", /16 MiB/, /smaller batches/],
  [
    "otelcol_receiver_grpc_call_duration_seconds_count",
    "INTERNAL",
    /not valid OTLP/,
    /CollectorInvalidRequests/,
  ],
  ["alertmanager_notifications_failed_total", "clientError", /4xx/, /max_alerts/],
];
for (const [metric, reason, why, fix] of EXPLANATIONS)
  test(`${metric}, ${reason}: a reason and a fix`, () => {
    const counter = LOSS_COUNTERS.find((each) => each.metric === metric);
    assert.ok(counter);
    const loss = { counter, component: "it", labels: { [counter.label ?? ""]: reason }, count: 1234 };
    const [problem] = problemsOf([loss], "lost", "in the last 10 minutes", new Map());
    assert.match(problem?.cause ?? "", /^it \w.* 1,234 .* in the last 10 minutes/);
    assert.match(problem?.cause ?? "", why);
    assert.match(problem?.fix ?? "", fix);
  });

test("items that senders retry are not losses", () => {
  const counter = LOSS_COUNTERS.find(({ metric }) => metric === "loki_discarded_samples_total");
  assert.ok(counter);
  const loss = { counter, component: "loki", labels: { reason: "rate_limited" }, count: 1 };
  assert.equal(problemsOf([loss], "lost", "now", new Map()).length, 0);
  const [retried] = problemsOf([loss], "retried", "now", new Map());
  assert.match(retried?.cause ?? "", /^loki refused 1 log line now \(rate_limited\)/);
});

const logLine = (ts: string, exporter: string, error: string) =>
  JSON.stringify({
    ts,
    "otelcol.component.id": exporter,
    "otelcol.component.kind": "exporter",
    error,
    dropped_items: 1,
  });

test("the backends' errors come from the collector's log: the latest of each meaning, none older than 10 minutes", () => {
  const tooLarge = "Permanent error: rpc error: code = X desc = TRACE_TOO_LARGE: max size of trace (4000000)";
  const lines = [
    logLine("2026-11-28T03:50:00Z", "otlp_http/loki", "desc = long ago"),
    logLine("2026-11-28T04:09:00Z", "otlp_grpc/tempo", tooLarge),
    logLine("2026-11-28T04:09:01Z", "otlp_grpc/tempo", "desc = trace ids must be 128 bit"),
    logLine("2026-11-28T04:09:02Z", "otlp_grpc/tempo", `${tooLarge} again`),
    "no JSON",
    "null",
  ];
  assert.deepEqual(
    [...readResponses(lines, NOW)],
    [
      [
        "otlp_grpc/tempo",
        ["TRACE_TOO_LARGE: max size of trace (4000000) again", "trace ids must be 128 bit"],
      ],
    ],
  );
  const counter = LOSS_COUNTERS.find(({ metric }) => metric === "otelcol_exporter_send_failed_spans_total");
  assert.ok(counter);
  const loss = { counter, component: "otelcol", labels: { exporter: "otlp_grpc/tempo" }, count: 9 };
  const problems = problemsOf([loss], "lost", "now", readResponses(lines, NOW));
  assert.deepEqual(
    problems.map(({ cause }) => cause.replace(/:.*/, "")),
    ["otelcol lost 9 spans now (otlp_grpc/tempo)", "otelcol, among these spans (otlp_grpc/tempo)"],
  );
  assert.match(problems[1]?.fix ?? "", /16 random bytes/);
});

test("Prometheus's own log has the reason if its response has only a status", () => {
  const line = String.raw`time=2026-11-28T04:09:52.388Z level=ERROR source=write_otlp_handler.go:204 msg="Error appending remote write" component=web err="invalid temporality and type combination for metric \"d\""`;
  const [error = ""] = readPrometheusErrors([line], NOW);
  assert.equal(error, 'invalid temporality and type combination for metric "d"');
  assert.match(explainResponse(error, { why: "", fix: "" }).fix, /TEMPORALITY_PREFERENCE=cumulative/);
  assert.deepEqual(readPrometheusErrors([line], NOW + 3_600_000), []);
});

test("each reason in Prometheus's log is assigned to the exporter of its points", () => {
  const status = "request to http://x/v1/metrics responded with HTTP Status Code 500";
  const responses = new Map([
    ["otlp_http/prometheus", [status]],
    ["otlp_http/prometheus-exponential", [status]],
  ]);
  const buckets = "3 observations found in buckets, but the Count field is 4";
  const name = 'normalization for metric "x" resulted in empty name';
  assert.deepEqual(
    [...withReasons(responses, [buckets, name])],
    [
      ["otlp_http/prometheus", [name]],
      ["otlp_http/prometheus-exponential", [buckets]],
    ],
  );
  assert.match(explainResponse(buckets, { why: "", fix: "" }).why, /do not add up to its count/);
});

test("an error of unknown meaning is shown unchanged", () => {
  const { why, fix } = explainResponse("x".repeat(500), { why: "refused", fix: "look" });
  assert.ok(why.startsWith("refused; the last response: xxx") && why.length < 300);
  assert.equal(fix, "look");
});
