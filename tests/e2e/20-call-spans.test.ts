import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { InternalServiceName } from "@lgtm-lab/contracts";
import { urls } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { call, GATEWAY_REQUESTS } from "./support/requests.ts";
import { type Span, traceOf } from "./support/tempo.ts";
import { within } from "./support/within.ts";

/** The maximum difference between two clocks of one machine, in milliseconds, when spans are compared. */
const CLOCK_MS = 2;
/**
 * A server ends its span after it has sent its response; by then the client may have read it and ended its own span.
 */
const END_TOLERANCE_MS = 25;

/** The gRPC method of each service behind the gateways. */
const METHODS: Readonly<Partial<Record<InternalServiceName, string>>> = {
  "service-a": "pspd.ServiceA/SayHello",
  "service-b": "pspd.ServiceB/StreamNumbers",
};

/** Each call between two processes makes one client span and one server span, in one trace, with the right parents. */
describe("the spans of each call", () => {
  for (const request of GATEWAY_REQUESTS) {
    it(`${request.gateway} → ${request.service} over ${request.protocol}`, async () => {
      const at = await urls();
      const { traceId } = await call(at.base(request), request.path);
      const spans = await within(`${request.gateway} → ${request.service}`, 1_000, () =>
        traceOf(at.tempo, traceId, [request.gateway, request.service]),
      );
      const one = (service: string, kind: string): Span => {
        const found = spans.filter((span) => span.service === service && span.kind === kind);
        assert.equal(found.length, 1, `${kind} spans of ${service}: ${found.map(({ name }) => name)}`);
        return found[0] as Span;
      };
      const root = one(request.gateway, "SPAN_KIND_SERVER");
      const client = one(request.gateway, "SPAN_KIND_CLIENT");
      const server = one(request.service, "SPAN_KIND_SERVER");

      assert.equal(root.parentSpanId, "", "the gateway's span is the root");
      assert.equal(client.parentSpanId, root.spanId);
      assert.equal(server.parentSpanId, client.spanId);
      assert.equal(root.name, `GET ${request.route}`);
      assert.equal(root.attributes["http.route"], request.route);
      if (request.protocol === "REST") assert.equal(server.name, `GET ${request.route}`);
      else assert.equal(server.name, METHODS[request.service]);
      for (const [outer, inner] of [
        [root, client],
        [client, server],
      ] as const) {
        assert.ok(outer.startMs <= inner.startMs + CLOCK_MS, `${inner.name} starts before ${outer.name}`);
        assert.ok(outer.endMs >= inner.endMs - END_TOLERANCE_MS, `${inner.name} ends after ${outer.name}`);
      }
    });
  }

  it("a path in other letter case and with a trailing slash has the span and the log line of its route", async () => {
    const at = await urls();
    for (const request of GATEWAY_REQUESTS) {
      const [path = "", query] = request.path.split("?");
      const variant = `${path.toUpperCase()}/${query ? `?${query}` : ""}`;
      const { traceId } = await call(at.base(request), variant);
      const spans = await within(`trace of ${variant}`, 1_000, () =>
        traceOf(at.tempo, traceId, [request.gateway, request.service]),
      );
      const root = spans.find(
        ({ service, kind }) => service === request.gateway && kind === "SPAN_KIND_SERVER",
      );
      assert.equal(root?.name, `GET ${request.route}`);
      assert.equal(root?.attributes["http.route"], request.route);
      const found = await within(`line of ${variant}`, 2_000, async () => {
        const all = await lines(at.loki, `{service_name="${request.gateway}"} | trace_id="${traceId}"`);
        return all.length > 0 && all;
      });
      assert.ok(
        found.some(({ json }) => json.route === request.route),
        "the line has the route",
      );
    }
  });

  it("a preflight has a span and a log line with the route `preflight`", async () => {
    const at = await urls();
    for (const request of GATEWAY_REQUESTS) {
      const headers = { origin: "http://localhost:5173", "access-control-request-method": "GET" };
      const response = await fetch(at.base(request) + request.path, { method: "OPTIONS", headers });
      assert.equal(response.status, 204);
      assert.equal(response.headers.get("access-control-allow-origin"), headers.origin);
      const traceId = response.headers.get("x-trace-id") ?? "";
      const spans = await within("trace of the preflight", 1_000, () =>
        traceOf(at.tempo, traceId, [request.gateway]),
      );
      assert.deepEqual(
        spans.map(({ name }) => name),
        ["OPTIONS preflight"],
      );
    }
  });

  for (const request of GATEWAY_REQUESTS.filter(({ service }) => service === "service-b")) {
    for (const accept of ["application/json", "text/event-stream"]) {
      it(`spans cover the whole stream (${request.protocol}, ${accept})`, async () => {
        const at = await urls();
        const path = "/b/numbers?count=6&delay_ms=100";
        const { traceId } = await call(at.base(request), path, { headers: { accept } });
        const spans = await within("trace of the stream", 1_000, () =>
          traceOf(at.tempo, traceId, [request.gateway, request.service]),
        );
        for (const span of spans) {
          if (span.kind === "SPAN_KIND_INTERNAL") continue;
          const took = span.endMs - span.startMs;
          assert.ok(took >= 500 - CLOCK_MS, `${span.service} ${span.name} took ${took} ms of 500`);
        }
      });
    }
  }
});
