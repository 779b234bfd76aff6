import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { COMPONENTS, HOST, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import { fetchServiceMap, serviceMapQueries } from "../../apps/console/web/src/service-map/calls.ts";
import { inContainers } from "../e2e/support/env.ts";
import { query, value } from "../e2e/support/prometheus.ts";
import { eventually } from "../e2e/support/within.ts";

/** The smallest stack that generates metrics from spans. It starts quickly, with the settings of this test. */
const PARTS = ["otelcol", "tempo", "prometheus"];
const LIMIT = 400;
const WORDS =
  "able bald calm dark each fast glad hard icy just kind late main neat odd pale quick rare safe tall".split(
    " ",
  );

interface Span {
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly failed?: boolean;
}

describe("Tempo at its limit of span metrics", { skip: inContainers }, () => {
  let stack: RunningStack;
  let prometheus: string;
  let collector: string;

  before(async () => {
    const stateFolder = join(REPOSITORY, ".lab/test-limit");
    await rm(stateFolder, { recursive: true, force: true });
    stack = await startStack({
      stateFolder,
      ports: "free",
      components: COMPONENTS.filter(({ name }) => PARTS.includes(name)),
      env: {
        tempo: { TEMPO_MAX_ACTIVE_SERIES: `${LIMIT}` },
        otelcol: { OTELCOL_CORS_ORIGINS: "https://app.example,http://[::1]:5173" },
      },
    });
    prometheus = stack.address("prometheus");
    collector = `http://${HOST}:${stack.ports.OTELCOL_HTTP_PORT}`;
  });
  after(() => stack?.down());

  /** Sends one trace by OTLP/HTTP, as an SDK does. */
  async function send(spans: readonly Span[]): Promise<void> {
    const traceId = randomBytes(16).toString("hex");
    const time = `${Date.now()}000000`;
    const resourceSpans = spans.map(({ service, failed = false, ...span }) => ({
      resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
      scopeSpans: [
        {
          spans: [
            {
              ...span,
              traceId,
              startTimeUnixNano: time,
              endTimeUnixNano: time,
              status: { code: failed ? 2 : 0 },
            },
          ],
        },
      ],
    }));
    const response = await fetch(`${collector}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ resourceSpans }),
    });
    assert.equal(response.status, 200, await response.text());
  }

  const id = () => randomBytes(8).toString("hex");

  /** `shop` calls `payments` once. */
  async function call({ failed = false } = {}): Promise<void> {
    const client = { service: "shop", name: "POST", kind: 3, spanId: id(), failed };
    await send([
      client,
      { service: "payments", name: "pay", kind: 2, spanId: id(), parentSpanId: client.spanId, failed },
    ]);
  }

  const firing = (alertname: string) =>
    value(prometheus, `ALERTS{alertname="${alertname}",alertstate="firing"}`);

  /** Returns the service map as the console draws it. */
  async function map() {
    const ask = async (expr: string) =>
      (await query(prometheus, expr)).map(({ metric, value }) => ({
        metric,
        values: [[0, `${value}`]] as const,
      }));
    return fetchServiceMap(serviceMapQueries("1m", "p95"), ask);
  }

  /** Returns a panel of the Traces dashboard: its values by the pair of services. */
  async function failedCallsPanel() {
    const { panels } = JSON.parse(readFileSync(join(REPOSITORY, "grafana/dashboards/traces.json"), "utf8"));
    const panel = panels.find(({ title }: { title: string }) => title === "Failed calls between services");
    return query(prometheus, panel.targets[0].expr.replaceAll("$__rate_interval", "20s"));
  }

  it("below it, a pair of services without failures has 0 % of them, in the console and in Grafana", async () => {
    await eventually("the pair is in the map", async () => {
      await call();
      const { calls, incomplete } = await map();
      if (calls.length === 0) return undefined;
      assert.equal(incomplete, false);
      assert.deepEqual(
        calls.map(({ client, server, failed }) => ({ client, server, failed })),
        [{ client: "shop", server: "payments", failed: 0 }],
      );
      return true;
    });
    await eventually("the panel shows 0", async () => {
      await call();
      return (await failedCallsPanel()).some(({ value }) => value === 0);
    });
    assert.equal(await firing("SpanMetricsNearLimit"), undefined);
    assert.equal(await firing("SpanMetricsIncomplete"), undefined);
  });

  it("beyond it, a failure that cannot be counted is unknown, not 0 %, and two alerts say why", async () => {
    await send(WORDS.map((name) => ({ service: "words", name, kind: 1, spanId: id() })));
    // Wait before sending the first failure: Tempo may process two concurrent messages in any order.
    await eventually(
      "the limit is reached",
      async () =>
        ((await value(prometheus, "tempo_metrics_generator_registry_series_limited_total")) ?? 0) > 0,
    );
    await eventually("the map says that it is incomplete", async () => {
      await call({ failed: true });
      const { calls, incomplete } = await map();
      return incomplete && calls.length === 1 && calls[0]?.failed === undefined;
    });
    assert.deepEqual(await query(prometheus, "traces_service_graph_request_failed_total"), []);
    await eventually("the panel does not show 0", async () => {
      await call({ failed: true });
      return (await failedCallsPanel()).length === 0;
    });
    await eventually("SpanMetricsIncomplete fires", () => firing("SpanMetricsIncomplete"));
    await eventually("SpanMetricsNearLimit fires", () => firing("SpanMetricsNearLimit"));
  });

  it("a sample that Prometheus drops for its label is counted, and an alert says so", async () => {
    await eventually("SpanMetricsInvalidLabels fires", async () => {
      const body = snappy(
        series({ __name__: Buffer.from("test_span_total"), span_name: Buffer.from([0x47, 0xff]) }),
      );
      const response = await fetch(`${prometheus}/api/v1/write`, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf", "content-encoding": "snappy" },
        body,
      });
      assert.equal(response.status, 204, await response.text());
      return firing("SpanMetricsInvalidLabels");
    });
  });

  it("the collector allows only the configured origins", async () => {
    const allowed = async (origin: string) => {
      const headers = { origin, "access-control-request-method": "POST" };
      const [response] = await once(
        request(`${collector}/v1/traces`, { method: "OPTIONS", headers }).end(),
        "response",
      );
      response.resume();
      return response.headers["access-control-allow-origin"];
    };
    for (const origin of ["https://app.example", "http://[::1]:5173"])
      assert.equal(await allowed(origin), origin);
    for (const origin of ["http://localhost:3000", "http://app.example", "https://app.example.org"])
      assert.equal(await allowed(origin), undefined, origin);
  });
});

const varint = (value: bigint): number[] =>
  value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
const field = (number: number, content: Buffer) =>
  Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(BigInt(content.length))]), content]);

/**
 * Returns a remote-write message (prometheus.WriteRequest) with one sample, now; label values are bytes, valid or not.
 */
function series(labels: Record<string, Buffer>): Buffer {
  const encoded = Object.entries(labels).map(([name, bytes]) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, bytes)])),
  );
  const one = Buffer.from([0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, ...varint(BigInt(Date.now()))]);
  return field(1, Buffer.concat([...encoded, field(2, one)]));
}

/** Snappy without compression: the length, and one literal. */
function snappy(content: Buffer): Buffer<ArrayBuffer> {
  assert.ok(content.length <= 256);
  return Buffer.concat([
    Buffer.from([...varint(BigInt(content.length)), 60 << 2, content.length - 1]),
    content,
  ]);
}
