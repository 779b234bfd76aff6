import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { describe, it } from "node:test";
import { urls } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { attribute, type Collector, nanos, type Signal, sendOtlp } from "./support/otlp.ts";
import { query } from "./support/prometheus.ts";
import { traceOf } from "./support/tempo.ts";
import { within } from "./support/within.ts";

const SERVICE = "outside-sender";

/** Sends one item as a service without any of our code. */
async function send(at: Collector, signal: Signal, item: object): Promise<void> {
  const resourceAttributes = [
    attribute("service.namespace", "elsewhere"),
    attribute("service.instance.id", "one"),
  ];
  await sendOtlp(at, signal, [{ service: SERVICE, resourceAttributes, items: [item] }]);
}

describe("another sender, over OTLP", () => {
  const traceId = randomBytes(16).toString("hex");
  const spanId = randomBytes(8).toString("hex");

  it("its trace is in Tempo", async () => {
    const at = await urls();
    const span = {
      traceId,
      spanId,
      name: "outside",
      kind: 2,
      startTimeUnixNano: nanos(-5),
      endTimeUnixNano: nanos(),
    };
    await send(at, "traces", span);
    await within("outside trace", 1_000, () => traceOf(at.tempo, traceId, [SERVICE]));
  });

  it("its metric is in Prometheus, with the same labels as ours", async () => {
    const at = await urls();
    const dataPoints = [{ asDouble: 42, timeUnixNano: nanos() }];
    await send(at, "metrics", { name: "outside.temperature", unit: "Cel", gauge: { dataPoints } });
    const found = await within(
      "outside metric",
      4_000,
      async () =>
        (await query(at.prometheus, `{__name__=~"outside_temperature.*",service_name="${SERVICE}"}`))[0],
    );
    assert.equal(found.value, 42);
  });

  it("its log line is in Loki, with the same labels as ours", async () => {
    const at = await urls();
    const record = {
      timeUnixNano: nanos(),
      severityNumber: 17,
      severityText: "ERROR",
      body: { stringValue: "it broke" },
      traceId,
      spanId,
    };
    await send(at, "logs", record);
    const found = await within(
      "outside log line",
      2_000,
      async () =>
        (await lines(at.loki, `{service_name="${SERVICE}", level="error"} | trace_id="${traceId}"`))[0],
    );
    assert.equal(found.text, "it broke");
    assert.equal(found.labels.span_id, spanId);
  });
});

/** Sends the preflight of a page of `origin`; returns the allowed origin and headers. */
async function preflight(collector: string, signal: string, origin: string) {
  const clientRequest = request(`${collector}/v1/${signal}`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,x-api-key",
    },
  }).end();
  const [response] = (await once(clientRequest, "response")) as [IncomingMessage];
  response.resume();
  const { "access-control-allow-origin": allowed, "access-control-allow-headers": headers } =
    response.headers;
  return { status: response.statusCode, allowed, headers };
}

describe("a web page as a sender: the collector allows the origins of this machine, and no others", () => {
  for (const origin of [
    "http://localhost",
    "http://localhost:3000",
    "http://127.0.0.1",
    "http://127.0.0.1:5173",
  ])
    for (const signal of ["traces", "metrics", "logs"])
      it(`${origin} may send ${signal}`, async () => {
        const response = await preflight((await urls()).collector, signal, origin);
        assert.deepEqual(response, { status: 204, allowed: origin, headers: "content-type,x-api-key" });
      });

  for (const origin of [
    "http://localhost.evil.com",
    "http://evil.com",
    "http://127.0.0.1.evil.com",
    "http://notlocalhost:3000",
    "https://localhost:3000",
    "http://evil.com:4318",
    "null",
    "*",
  ])
    it(`${origin} may not`, async () => {
      const { allowed } = await preflight((await urls()).collector, "traces", origin);
      assert.equal(allowed, undefined);
    });
});
