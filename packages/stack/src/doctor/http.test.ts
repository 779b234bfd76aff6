import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCounters, parseSamples } from "./http.ts";

const PAGE = `# HELP requests_total Requests.
# TYPE requests counter
requests_total{code="200"} 3
requests_total{code="400",path="/a}b"} 2 # {trace_id="0af7"} 1 1700000000
queue_size{exporter="otlp_grpc/tempo"} 1.5e+3
queue_size{exporter="otlp_http/loki"} 7
# EOF`;

test("samples are summed over their labels, in either text format", () => {
  const counters = parseCounters(PAGE);
  assert.equal(counters.get("requests_total"), 5);
  assert.equal(counters.get("queue_size"), 1507);
  assert.equal(counters.get("nothing"), undefined);
});

test("labels can be chosen", () => {
  assert.equal(parseCounters(PAGE, (labels) => labels.includes("loki")).get("queue_size"), 7);
});

test("samples one by one, with their labels", () => {
  assert.deepEqual(parseSamples(PAGE).slice(1, 3), [
    { name: "requests_total", labels: { code: "400", path: "/a}b" }, value: 2 },
    { name: "queue_size", labels: { exporter: "otlp_grpc/tempo" }, value: 1500 },
  ]);
  assert.deepEqual(parseSamples('x{reason="a \\"b\\" \\\\ c"} 1')[0]?.labels, { reason: 'a "b" \\ c' });
});
