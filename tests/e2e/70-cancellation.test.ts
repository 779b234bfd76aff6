import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { credentials } from "@grpc/grpc-js";
import { ServiceBClient } from "@lgtm-lab/contracts/proto";
import { hostPort, lab, urls } from "./support/lab.ts";
import { query } from "./support/prometheus.ts";
import { GATEWAY_REQUESTS } from "./support/requests.ts";
import { traceOf } from "./support/tempo.ts";
import { within } from "./support/within.ts";

/** A stream of 30 s, which B must stop early when the call is cancelled. */
const PATH = "/b/numbers?count=301&delay_ms=100";

describe("a client that disconnects", () => {
  for (const request of GATEWAY_REQUESTS.filter(({ service }) => service === "service-b")) {
    for (const accept of ["text/event-stream", "application/json"]) {
      it(`stops B at once (${request.protocol}, ${accept})`, async () => {
        const at = await urls();
        const traceId = crypto.randomUUID().replaceAll("-", "");
        const leave = new AbortController();
        const begun = await streamsBegun();
        const sent = fetch(at.base(request) + PATH, {
          signal: leave.signal,
          headers: { accept, traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
        });
        if (accept === "application/json") {
          // No data arrives before the end, so disconnect once B is working on the request.
          const busy = async () => (await streamsBegun()) > begun;
          await within("B at work", 5_000, busy);
          leave.abort();
          await assert.rejects(sent, { name: "AbortError" });
        } else {
          const reader = (await sent).body?.getReader();
          await reader?.read();
          leave.abort();
        }
        const left = Date.now();
        const spans = await within("trace of the cancelled stream", 3_000, () =>
          traceOf(at.tempo, traceId, [request.gateway, "service-b"]),
        );
        const b = spans.find(({ service, kind }) => service === "service-b" && kind === "SPAN_KIND_SERVER");
        console.log(
          `    B stopped ${Math.round((b?.endMs ?? Number.NaN) - left)}/3000 ms after the client left`,
        );
        assert.ok(b && b.endMs - left < 3_000, "B did not stop");
      });
    }
  }

  it("is counted as a cancellation, not as an error", async () => {
    const at = await urls();
    const count = async (promql: string) => (await query(at.prometheus, promql))[0]?.value ?? 0;
    const cancellations = 'sum(rpc_server_stream_cancellations_total{service_name="service-b"})';
    const errors = 'sum(rpc_server_stream_errors_total{service_name="service-b"})';
    const [cancelled, failed] = [await count(cancellations), await count(errors)];
    const client = new ServiceBClient(await hostPort("SERVICE_B_GRPC_PORT"), credentials.createInsecure());
    const stream = client.streamNumbers({ count: 300, delayMs: 100 });
    for await (const _ of stream) break;
    stream.cancel();
    client.close();
    await within("cancellation counted", 5_000, async () => (await count(cancellations)) > cancelled);
    assert.equal(await count(errors), failed);
  });
});

/** Returns the number of streams that B has started or is working on, by its metrics, over gRPC and REST. */
async function streamsBegun(): Promise<number> {
  const stack = await lab();
  const text = await (await fetch(`${stack.address("service-b")}/metrics`)).text();
  const metrics = /^(rpc_server_stream_time_to_first_message_seconds_count|http_server_active_requests)\b/;
  const begun = text.split("\n").filter((line) => metrics.test(line));
  return begun.reduce((sum, line) => sum + Number(line.split(" ")[1]), 0);
}
