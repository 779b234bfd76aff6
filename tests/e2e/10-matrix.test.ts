import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { SAMPLE_REQUESTS, type SampleRequest, SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { LAB_VERSION } from "@lgtm-lab/contracts/repository";
import { urls } from "./support/lab.ts";
import { labelNames, lines } from "./support/loki.ts";
import { query } from "./support/prometheus.ts";
import { call, GATEWAY_REQUESTS, type GatewayRequest } from "./support/requests.ts";
import { search, traceOf } from "./support/tempo.ts";
import { within } from "./support/within.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Every service sends every signal: the matrix of opentelemetry-demo, with the freshness that docs/telemetry.md
 * promises.
 */
describe("services × signals", () => {
  let at: Awaited<ReturnType<typeof urls>>;
  before(async () => {
    at = await urls();
  });

  for (const service of SERVICE_NAMES) {
    const { to, path, route } = SAMPLE_REQUESTS.find(({ crosses }) =>
      crosses.includes(service),
    ) as SampleRequest;
    const send = async () => {
      const { traceId, status } = await call(at.base({ gateway: to }), path);
      assert.equal(status, 200);
      return traceId;
    };

    it(`${service}: a trace, by its id`, async () => {
      const traceId = await send();
      const spans = await within(`${service} trace by id`, 1_000, () =>
        traceOf(at.tempo, traceId, [service]),
      );
      const { resource } = spans.find((span) => span.service === service) ?? assert.fail();
      assert.equal(resource["service.namespace"], "lgtm-lab");
      assert.equal(resource["service.version"], LAB_VERSION);
      assert.match(String(resource["service.instance.id"]), UUID);
      assert.equal(resource["deployment.environment.name"], "demo");
    });

    it(`${service}: a trace, by search`, async () => {
      const traceId = await send();
      await within(`${service} trace by search`, 4_000, async () =>
        (await search(at.tempo, `{ resource.service.name = "${service}" }`, 5000)).includes(traceId),
      );
    });

    it(`${service}: log lines`, async () => {
      const traceId = await send();
      const found = await within(`${service} log line`, 2_000, async () => {
        const some = await lines(at.loki, `{service_name="${service}"} | trace_id="${traceId}"`);
        return some.length > 0 && some;
      });
      const [line] = found;
      assert.equal(line?.json.trace_id, traceId, "the line itself names its trace");
      assert.equal(line.labels.level, "info", "level is a label");
      assert.match(line.labels.span_id ?? "", /^[0-9a-f]{16}$/, "span_id is structured metadata");
    });

    it(`${service}: a metric`, async () => {
      const byGrpc = to !== service && SERVICES[to].role === "gateway" && SERVICES[to].protocol === "grpc";
      const metric = byGrpc
        ? `rpc_server_call_duration_seconds_count{service_name="${service}",rpc_response_status_code="OK"}`
        : `http_server_request_duration_seconds_count{service_name="${service}",http_route="${route}",http_response_status_code="200"}`;
      const count = async () => (await query(at.prometheus, `sum(${metric})`))[0]?.value ?? 0;
      const earlier = await count();
      await send();
      await within(`${service} metric`, 4_000, async () => (await count()) > earlier);
    });
  }

  it("Loki indexes service_name and level, and nothing else", async () => {
    assert.deepEqual((await labelNames(at.loki)).sort(), ["level", "service_name"]);
  });

  it("health checks and scrapes make no traces", async () => {
    for (const gateway of ["gateway", "gateway-rest"] as const) {
      for (const path of ["/healthz", "/readyz", "/metrics"]) {
        const response = await fetch(at.base({ gateway }) + path);
        assert.equal(response.status, 200);
        assert.equal(response.headers.get("x-trace-id"), null);
        await response.text();
      }
    }
    // Once Tempo has a later request, it would also have spans of these.
    const request = GATEWAY_REQUESTS[0] as GatewayRequest;
    const { traceId } = await call(at.base(request), request.path);
    await within("the control request", 4_000, async () =>
      (await search(at.tempo, '{ resource.service.name = "gateway" }', 500)).includes(traceId),
    );
    for (const path of ["/healthz", "/readyz", "/metrics", "/grpc.health.v1.Health/Check"]) {
      assert.deepEqual(await search(at.tempo, `{ name =~ ".*${path}.*" }`), [], path);
    }
  });

  it("a client cannot hide a request with an unsampled traceparent", async () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const traceparent = `00-${traceId}-00f067aa0ba902b7-00`;
    const request = GATEWAY_REQUESTS[0] as GatewayRequest;
    const response = await call(at.base(request), request.path, { headers: { traceparent } });
    assert.equal(response.traceId, traceId);
    await within("the unsampled request's trace", 1_000, () =>
      traceOf(at.tempo, traceId, ["gateway", "service-a"]),
    );
  });
});
