import assert from "node:assert/strict";
import { test } from "node:test";
import { explainResponse, readPrometheusErrors, withReasons } from "./store-responses.ts";

const NOW = Date.parse("2026-11-28T04:10:00Z");

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
