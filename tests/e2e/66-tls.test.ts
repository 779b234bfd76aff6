import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { GATEWAY_NAMES, INTERNAL_SERVICE_NAMES, SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { COMPONENTS, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import { certificatePaths, makeCertificates } from "../../packages/stack/src/certificates.ts";
import { traffic } from "../../packages/stack/src/components/services.ts";
import { runsLongTests, skipUnlessAll } from "../runner/env.ts";
import { inContainers } from "./support/env.ts";
import { hostPort, urls } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { query, value } from "./support/prometheus.ts";
import { callThroughConsole, GATEWAY_REQUESTS } from "./support/requests.ts";
import { runLab } from "./support/run-lab.ts";
import { traceOf } from "./support/tempo.ts";
import { eventually, within } from "./support/within.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test-tls");
/** The components of a separate stack, whose collector sends spans to the shared Tempo. */
const OWN: string[] = [
  "otelcol",
  "loki",
  "console",
  ...SERVICE_NAMES,
  ...(runsLongTests ? ["prometheus", "alertmanager"] : []),
];

describe("a stack with --tls", { skip: inContainers && "it tests the launcher" }, () => {
  let stack: RunningStack;
  const sessions: ClientHttp2Session[] = [];

  before(async () => {
    await rm(STATE_FOLDER, { recursive: true, force: true });
    const otelcol = { TEMPO_OTLP_ENDPOINT: await hostPort("TEMPO_OTLP_PORT") };
    stack = await startStack({
      stateFolder: STATE_FOLDER,
      ports: "free",
      tls: true,
      components: [...COMPONENTS.filter(({ name }) => OWN.includes(name)), traffic(20)],
      env: { otelcol },
    });
  });

  after(async () => {
    for (const session of sessions) session.destroy();
    await stack?.down();
  });

  const authority = () => readFileSync(join(STATE_FOLDER, "tls/ca.pem"), "utf8");

  /** Sends a request over HTTP/2. Returns the first event of a stream if `leave` is set, and resets it. */
  async function overHttp2(gateway: string, path: string, { leave = false, headers = {} } = {}) {
    const session = connectHttp2(stack.address(gateway), { ca: authority() });
    sessions.push(session);
    session.on("error", () => {});
    const stream = session.request({ ":path": path, ...headers });
    stream.on("error", () => {});
    const [response] = await once(stream, "response");
    let text = "";
    stream.on("data", (chunk) => {
      text += chunk;
      if (leave) stream.close(constants.NGHTTP2_CANCEL);
    });
    await once(stream, "close");
    return { status: response[":status"], traceId: String(response["x-trace-id"]), text };
  }

  /** Sends a request over HTTP/1.1. */
  async function overHttp1(gateway: string, path: string, { headers = {} } = {}) {
    const response = await fetch(stack.address(gateway) + path, { headers });
    const traceId = response.headers.get("x-trace-id") ?? "";
    return { status: response.status, traceId, text: await response.text() };
  }

  for (const { gateway, path, service } of GATEWAY_REQUESTS)
    it(`has the same complete trace over HTTP/2 and HTTP/1.1 (${gateway}, ${service})`, async () => {
      const at = await urls();
      const seen = [];
      for (const [version, send] of [
        ["2", overHttp2],
        ["1.1", overHttp1],
      ] as const) {
        const caller = crypto.randomUUID().replaceAll("-", "");
        const headers = { traceparent: `00-${caller}-00f067aa0ba902b7-01` };
        const { status, traceId, text } = await send(gateway, path, { headers });
        assert.equal(status, 200, text);
        assert.equal(traceId, caller);
        const spans = await within("the trace", 3_000, () => traceOf(at.tempo, traceId, [gateway, service]));
        const own = spans.find((span) => span.service === gateway && span.kind === "SPAN_KIND_SERVER");
        assert.equal(own?.parentSpanId, "00f067aa0ba902b7");
        assert.equal(own?.attributes["network.protocol.version"], version);
        const logged = await within("the log line", 2_000, async () => {
          const found = await lines(
            stack.address("loki"),
            `{service_name="${gateway}"} | trace_id="${traceId}"`,
          );
          return found.length > 0 && found;
        });
        assert.deepEqual([logged.length, logged[0]?.json.msg], [1, "request"]);
        const {
          "network.peer.port": _,
          "network.protocol.version": __,
          "user_agent.original": ___,
          ...rest
        } = own?.attributes ?? {};
        seen.push({
          name: own?.name,
          attributes: rest,
          services: spans.map((span) => `${span.service} ${span.kind}`).sort(),
        });
      }
      assert.deepEqual(seen[0], seen[1]);
      assert.equal(seen[0]?.attributes["url.scheme"], "https");
    });

  it("counts requests over HTTP/2 in the same metrics", async () => {
    const count = async () => {
      const { text } = await overHttp1("gateway", "/metrics");
      const pattern =
        /^http_server_request_duration_seconds_count\{http_request_method="GET",http_route="\/b\/numbers",http_response_status_code="400"\} (\d+)/m;
      return Number(pattern.exec(text)?.[1]);
    };
    const before = await count();
    assert.equal((await overHttp2("gateway", "/b/numbers?count=0")).status, 400);
    await eventually("the request is counted", async () => (await count()) === before + 1);
  });

  it("stops B when the client resets a stream over HTTP/2", async () => {
    const at = await urls();
    for (const gateway of GATEWAY_NAMES) {
      const headers = { accept: "text/event-stream" };
      const { status, traceId } = await overHttp2(gateway, "/b/numbers?count=301&delay_ms=100", {
        leave: true,
        headers,
      });
      const left = Date.now();
      assert.equal(status, 200);
      const spans = await within("the trace", 5_000, () =>
        traceOf(at.tempo, traceId, [gateway, "service-b"]),
      );
      const b = spans.find((span) => span.service === "service-b" && span.kind === "SPAN_KIND_SERVER");
      assert.ok(b && b.endMs - left < 3_000, "B did not stop");
      const own = spans.find((span) => span.service === gateway && span.kind === "SPAN_KIND_SERVER");
      assert.equal(own?.attributes["http.response.status_code"], "499");
    }
  });

  it("loses no request while all certificates are renewed", async () => {
    const statuses = new Map<number, number>();
    const serial = async (port: number) => {
      const socket = connectTls({ host: "127.0.0.1", port, ca: authority(), servername: "localhost" });
      await once(socket, "secureConnect");
      const { serialNumber } = socket.getPeerX509Certificate() ?? {};
      socket.destroy();
      return serialNumber;
    };
    const ports = [
      ...GATEWAY_NAMES.map((name) => stack.ports[SERVICES[name].ports.http.variable]),
      stack.ports.OTELCOL_GRPC_PORT,
      stack.ports.OTELCOL_HTTP_PORT,
    ];
    const before = await Promise.all(ports.map(serial));
    await makeCertificates(STATE_FOLDER, { renewAll: true });
    await eventually("the gateways and the collector use the new certificates", async () => {
      for (const { gateway, path } of GATEWAY_REQUESTS)
        for (const send of [overHttp1, overHttp2]) {
          const { status } = await send(gateway, path);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      const now = await Promise.all(ports.map(serial));
      return now.every((each, index) => each !== before[index]);
    });
    assert.deepEqual([...statuses.keys()], [200]);
  });

  it("refuses requests without TLS, and direct requests to A and B without the certificate of a gateway", async () => {
    const { OTELCOL_HTTP_PORT } = stack.ports;
    for (const gateway of GATEWAY_NAMES)
      await assert.rejects(fetch(stack.address(gateway).replace("https:", "http:")));
    // Servers in Go answer plain HTTP on a TLS port with 400.
    for (const address of [stack.address("loki"), `https://127.0.0.1:${OTELCOL_HTTP_PORT}`]) {
      assert.match(address, /^https:/);
      assert.equal((await fetch(address.replace("https:", "http:"))).status, 400, address);
    }
    for (const service of INTERNAL_SERVICE_NAMES) {
      const response = await fetch(stack.address(service) + SERVICES[service].sample);
      assert.equal(response.status, 403);
      assert.equal((await fetch(`${stack.address(service)}/readyz`)).status, 200);
    }
  });

  it("accepts only strong ciphers with TLS 1.2, at every port", async () => {
    const strong = [
      "ECDHE-ECDSA-AES256-GCM-SHA384",
      "ECDHE-ECDSA-CHACHA20-POLY1305",
      "ECDHE-ECDSA-AES128-GCM-SHA256",
    ];
    const { cert, key } = certificatePaths(STATE_FOLDER, "gateway");
    // The gRPC ports close the connection of a client without a certificate.
    const client = { ca: authority(), cert: readFileSync(cert), key: readFileSync(key) };
    const isAccepted = async (port: number, ciphers: string) => {
      const options = {
        ...client,
        maxVersion: "TLSv1.2",
        ciphers,
        ALPNProtocols: ["h2", "http/1.1"],
      } as const;
      const socket = connectTls({ host: "127.0.0.1", port, ...options });
      const accepted = await once(socket, "secureConnect").then(
        () => true,
        () => false,
      );
      socket.destroy();
      return accepted;
    };
    const variables = [
      ...GATEWAY_NAMES.map((name) => SERVICES[name].ports.http.variable),
      ...INTERNAL_SERVICE_NAMES.flatMap((name) => {
        const { http, grpc } = SERVICES[name].ports;
        return [http.variable, grpc.variable];
      }),
      ...(["OTELCOL_GRPC_PORT", "OTELCOL_HTTP_PORT", "LOKI_PORT"] as const),
    ];
    for (const variable of variables) {
      const accepted: string[] = [];
      for (const cipher of [...strong, "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA"])
        if (await isAccepted(stack.ports[variable], cipher)) accepted.push(cipher);
      assert.deepEqual(accepted, strong, variable);
    }
  });

  it("receives lines by OTLP over HTTP with TLS, and passes them on to Loki", async () => {
    const traceId = crypto.randomUUID().replaceAll("-", "");
    const response = await fetch(`https://127.0.0.1:${stack.ports.OTELCOL_HTTP_PORT}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        resourceLogs: [
          {
            resource: { attributes: [{ key: "service.name", value: { stringValue: "own-service" } }] },
            scopeLogs: [
              {
                logRecords: [
                  {
                    timeUnixNano: `${Date.now()}000000`,
                    traceId,
                    spanId: "00f067aa0ba902b7",
                    body: { stringValue: "hello" },
                  },
                ],
              },
            ],
          },
        ],
      }),
    });
    assert.equal(response.status, 200);
    const search = new URLSearchParams({ query: `{service_name="own-service"} | trace_id="${traceId}"` });
    await eventually("the console finds the line in Loki", async () => {
      const found = await fetch(`${stack.address("console")}/api/loki/query_range?${search}`);
      return (await found.text()).includes("hello");
    });
  });

  describe("with expired-cert", () => {
    before(async () => {
      const { stdout, stderr } = await runLab(STATE_FOLDER, "break", "expired-cert");
      assert.match(stdout, /^expired-cert is active until /, stderr);
    });

    it("refuses calls to service A within seconds, with a 503, a metric and a log line", async () => {
      for (const gateway of GATEWAY_NAMES) {
        await within(`${gateway} refuses the certificate`, 10_000, async () => {
          const { status, text } = await overHttp1(gateway, "/a/hello?name=Ana");
          return status === 503 && JSON.parse(text).type === "urn:lgtm-lab:problem:backend-down";
        });
        const { text } = await overHttp1(gateway, "/metrics");
        assert.match(text, /^tls_handshake_failures_total\{peer="service-a",reason="expired"\} [1-9]/m);
        await within("the log line", 2_000, async () => {
          const found = await lines(
            stack.address("loki"),
            `{service_name="${gateway}"} |= "TLS handshake failed"`,
          );
          return found.some(({ json }) => json.peer === "service-a" && json.reason === "expired");
        });
        assert.equal((await overHttp1(gateway, "/b/numbers?count=3")).status, 200);
      }
    });

    it("fires TargetDown, because Prometheus refuses the certificate too", {
      skip: skipUnlessAll,
    }, async () => {
      const scraped = await value(stack.address("prometheus"), 'up{service_name="loki"}');
      assert.equal(scraped, 1, "Prometheus scrapes Loki with TLS");
      await within("TargetDown fires", 60_000, async () => (await firing()).length > 0);
    });

    it("answers again within seconds after `lab fix`", async () => {
      assert.equal((await runLab(STATE_FOLDER, "fix")).stdout, "Ended: expired-cert.");
      for (const gateway of GATEWAY_NAMES)
        await within(`${gateway} gets a response of A`, 10_000, async () => {
          const { status } = await overHttp1(gateway, "/a/hello?name=Ana");
          return status === 200;
        });
      if (runsLongTests)
        await within("the alert is resolved", 120_000, async () => (await firing()).length === 0);
    });

    const firing = () =>
      query(
        stack.address("prometheus"),
        'ALERTS{alertname="TargetDown",service_name="service-a",alertstate="firing"}',
      );
  });

  it("still answers the demo traffic and the requests of the console", async () => {
    await callThroughConsole(stack.address("console"));
    for (const gateway of GATEWAY_NAMES)
      await eventually("the traffic is answered", async () => {
        const { text } = await overHttp1(gateway, "/metrics");
        const pattern =
          /^http_server_request_duration_seconds_count\{http_request_method="GET",http_route="\/b\/numbers",http_response_status_code="200"\} (\d+)/m;
        return Number(pattern.exec(text)?.[1]) > 5;
      });
  });
});
