import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { urls } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { exemplars } from "./support/prometheus.ts";
import { call, GATEWAY_REQUESTS, type GatewayRequest } from "./support/requests.ts";
import { trace, traceOf } from "./support/tempo.ts";
import { within } from "./support/within.ts";

/** The correlation contract: a trace id leads to its spans, its log lines and its exemplar. */
describe("the correlation contract", () => {
  for (const request of GATEWAY_REQUESTS) {
    it(`holds for ${request.route} over ${request.protocol}`, async () => {
      const at = await urls();
      const sentAt = Date.now();
      const { traceId } = await call(at.base(request), request.path);
      const since = performance.now();
      const services = [request.gateway, request.service];

      await within("spans of both services", 1_000, () => traceOf(at.tempo, traceId, services), { since });
      await within(
        "lines of both services",
        2_000,
        async () => {
          const found = await lines(at.loki, `{service_name=~".+"} | trace_id="${traceId}"`);
          return services.every((service) => found.some(({ labels }) => labels.service_name === service));
        },
        { since },
      );
      const series = [
        `http_server_request_duration_seconds_bucket{service_name="${request.gateway}"}`,
        request.protocol === "REST"
          ? `http_server_request_duration_seconds_bucket{service_name="${request.service}"}`
          : `rpc_server_call_duration_seconds_bucket{service_name="${request.service}"}`,
      ];
      await Promise.all(
        series.map((promql) =>
          within(
            `exemplar in ${promql.split("_bucket")[0]} of ${promql.split('"')[1]}`,
            4_000,
            async () => {
              const found = await exemplars(at.prometheus, promql, sentAt);
              return found.some(
                ({ labels }) => labels.trace_id === traceId && /^[0-9a-f]{16}$/.test(labels.span_id ?? ""),
              );
            },
            { since },
          ),
        ),
      );
    });
  }

  it("the trace of every exemplar is in Tempo", async () => {
    const at = await urls();
    const all = await exemplars(at.prometheus, '{__name__=~"(http|rpc)_.*_bucket"}', Date.now() - 60_000);
    assert.ok(all.length > 0, "there are exemplars");
    const ids = new Set(all.map(({ labels }) => labels.trace_id ?? ""));
    for (const id of ids) assert.ok(await trace(at.tempo, id), `Tempo does not know trace ${id}`);
  });

  it("Tempo's span metrics have exemplars and service_name", async () => {
    const at = await urls();
    const request = GATEWAY_REQUESTS[0] as GatewayRequest;
    const sentAt = Date.now();
    const { traceId } = await call(at.base(request), request.path);
    const promql = 'traces_spanmetrics_latency_bucket{service_name="gateway"}';
    await within("exemplar of a span metric", 30_000, async () =>
      (await exemplars(at.prometheus, promql, sentAt)).some(
        // Tempo writes the id without leading zeros.
        ({ labels }) => (labels.traceID ?? labels.trace_id)?.padStart(32, "0") === traceId,
      ),
    );
  });
});
