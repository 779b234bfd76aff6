import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { PROTOCOLS } from "@lgtm-lab/contracts";
import { freePort } from "@lgtm-lab/stack";
import { hostPort, lab, urls } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { call } from "./support/requests.ts";
import { traceOf } from "./support/tempo.ts";
import { eventually, within } from "./support/within.ts";

const root = join(import.meta.dirname, "../..");

for (const protocol of PROTOCOLS)
  describe(`a gateway with retries and two instances of A over ${protocol}, of which one is down`, () => {
    const name = `resilient-${protocol}`;
    let gateway: ChildProcess;
    let base: string;

    before(async () => {
      const stack = await lab();
      const [port, nowhere] = [await freePort(), await freePort()];
      const addresses = {
        grpc: `127.0.0.1:${nowhere},${await hostPort("SERVICE_A_GRPC_PORT")}`,
        rest: `http://127.0.0.1:${nowhere},http://${await hostPort("SERVICE_A_HTTP_PORT")}`,
      };
      base = `http://127.0.0.1:${port}`;
      gateway = spawn(
        process.execPath,
        ["--import", "@lgtm-lab/telemetry/register", "apps/gateway/src/main.ts"],
        {
          cwd: root,
          stdio: ["ignore", "ignore", "inherit"],
          env: {
            PORT: `${port}`,
            BACKEND: protocol,
            [`SERVICE_A_${protocol.toUpperCase()}`]: addresses[protocol],
            UPSTREAM_RETRIES: "1",
            UPSTREAM_RETRY_BUDGET: "100",
            OTEL_SERVICE_NAME: name,
            OTEL_EXPORTER_OTLP_ENDPOINT: `http://${await hostPort("OTELCOL_GRPC_PORT")}`,
            LOKI_URL: stack.address("loki"),
          },
        },
      );
      await eventually("the gateway responds", () =>
        fetch(`${base}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
    });

    after(async () => {
      if (gateway?.exitCode !== null) return;
      gateway.kill("SIGTERM");
      await once(gateway, "exit");
    });

    it("responds with 200; both attempts are in the trace, and the retry is in its log lines", async () => {
      const at = await urls();
      // The instances take turns, so every other request is repeated.
      const responses = [await call(base, "/a/hello?name=Ana"), await call(base, "/a/hello?name=Ana")];
      for (const { status, text } of responses) assert.equal(status, 200, text);
      const repeated = await within("log line of the retry", 2_000, async () => {
        for (const { traceId } of responses) {
          const found = await lines(at.loki, `{service_name="${name}"} | trace_id="${traceId}"`);
          if (found.some(({ json }) => json.msg === "call retried")) return traceId;
        }
        return undefined;
      });
      const spans = await within("trace of both attempts", 1_000, () =>
        traceOf(at.tempo, repeated, [name, "service-a"]),
      );
      const server = spans.find(({ service, kind }) => service === name && kind === "SPAN_KIND_SERVER");
      assert.equal(Number(server?.attributes["lab.retries"]), 1);
      const attempts = spans.filter(({ parentSpanId }) => parentSpanId === server?.spanId);
      assert.deepEqual(attempts.map(({ isError }) => isError).sort(), [false, true]);
      const a = spans.find(({ service }) => service === "service-a");
      assert.equal(a?.parentSpanId, attempts.find(({ isError }) => !isError)?.spanId);
    });
  });
