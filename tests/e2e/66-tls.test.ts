import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { GATEWAY_NAMES, INTERNAL_SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { TRUST_MS } from "@lgtm-lab/service-runtime/tls";
import { COMPONENTS, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import { certificatePaths, makeCertificates } from "../../packages/stack/src/certificates.ts";
import { traffic } from "../../packages/stack/src/components/services.ts";
import { inContainers } from "./support/env.ts";
import { lab } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { assertOpenPorts, whyNoOpenPorts } from "./support/open-ports.ts";
import { scrape, scrapeSum } from "./support/prometheus.ts";
import { callThroughConsole, GATEWAY_REQUESTS } from "./support/requests.ts";
import { labOutput } from "./support/run-lab.ts";
import { traceOf } from "./support/tempo.ts";
import { eventually, within } from "./support/within.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test-tls");

/** How a request is sent. */
interface Options {
  /** The access token; null: none. Default: a valid one. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called when the headers of the response have arrived: for a stream, with its first value. */
  readonly begun?: () => void;
}

describe("a stack with --tls --auth --scale service-a=2", {
  skip: inContainers && "it tests the launcher",
}, () => {
  let stack: RunningStack;
  /** Tokens with every scope, and with the scope of service A only. */
  let validToken: string;
  let helloToken: string;
  const sessions: ClientHttp2Session[] = [];

  before(async () => {
    await rm(STATE_FOLDER, { recursive: true, force: true });
    stack = await startStack({
      stateFolder: STATE_FOLDER,
      ports: "free",
      tls: true,
      auth: true,
      scale: { "service-a": 2 },
      components: [...COMPONENTS.filter(({ name }) => name !== "grafana"), traffic(20)],
    });
    [validToken, helloToken] = await Promise.all([
      labToken("--scope", "hello", "--scope", "numbers"),
      labToken("--scope", "hello"),
    ]);
  });

  after(async () => {
    for (const session of sessions) session.destroy();
    await stack?.down();
  });

  const authority = () => readFileSync(join(STATE_FOLDER, "tls/ca.pem"), "utf8");

  const labToken = (...options: string[]) => labOutput(STATE_FOLDER, "token", ...options);

  const headersOf = ({ token = validToken, headers = {} }: Options) => ({
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...headers,
  });

  /** Sends a request over HTTP/2. Returns the first event of a stream if `leave` is set, and resets it. */
  async function overHttp2(
    gateway: string,
    path: string,
    { leave = false, ...options }: Options & { leave?: boolean } = {},
  ) {
    const session = connectHttp2(stack.address(gateway), { ca: authority() });
    sessions.push(session);
    session.on("error", () => {});
    const stream = session.request({ ":path": path, ...headersOf(options) });
    stream.on("error", () => {});
    const [response] = await once(stream, "response");
    options.begun?.();
    let text = "";
    stream.on("data", (chunk) => {
      text += chunk;
      if (leave) stream.close(constants.NGHTTP2_CANCEL);
    });
    await once(stream, "close");
    return { status: response[":status"], traceId: String(response["x-trace-id"]), text };
  }

  /** Sends a request over HTTP/1.1. */
  async function overHttp1(gateway: string, path: string, options: Options = {}) {
    const response = await fetch(stack.address(gateway) + path, { headers: headersOf(options) });
    options.begun?.();
    const traceId = response.headers.get("x-trace-id") ?? "";
    return { status: response.status, traceId, text: await response.text() };
  }

  const VERSIONS = [
    ["2", overHttp2],
    ["1.1", overHttp1],
  ] as const;

  /** Returns how many requests for a route a gateway has answered with a status. */
  const answered = (gateway: string, route: string, status: number) =>
    scrapeSum(stack.address(gateway), "http_server_request_duration_seconds_count", {
      http_route: route,
      http_response_status_code: `${status}`,
    });

  it("has exactly the ports of its components open, on loopback", { skip: whyNoOpenPorts }, async () =>
    assertOpenPorts(stack, await lab()),
  );

  it("answers requests with a token of `lab token`, and refuses others", async () => {
    for (const gateway of GATEWAY_NAMES)
      for (const [version, send] of VERSIONS) {
        const statusOf = async (path: string, token: string | null) =>
          (await send(gateway, path, { token })).status;
        assert.deepEqual(
          [
            await statusOf("/a/hello?name=Ana", null),
            await statusOf("/a/hello?name=Ana", "not-a-token"),
            await statusOf("/a/hello?name=Ana", helloToken),
            await statusOf("/b/numbers?count=3", helloToken),
          ],
          [401, 401, 200, 403],
          `${gateway}, HTTP/${version}`,
        );
      }
  });

  it("distributes the calls to both instances of A equally", async () => {
    for (const gateway of GATEWAY_NAMES) {
      const calls = async () => {
        const labels = { upstream: "service-a", outcome: "ok" };
        const found = await scrape(stack.address(gateway), "gateway_upstream_calls_total", labels);
        return new Map(found.map((sample) => [sample.labels.address, sample.value]));
      };
      const before = await calls();
      for (let index = 0; index < 20; index += 1)
        assert.equal((await overHttp1(gateway, "/a/hello?name=Ana")).status, 200);
      const made = [...(await calls())].map(([address, count]) => count - (before.get(address) ?? 0));
      assert.equal(made.length, 2);
      // The demo traffic is distributed too: an odd number of calls, and one that runs at each of the two moments.
      const [less = 0, more = 0] = made.sort((a, b) => a - b);
      assert.ok(less >= 9 && more - less <= 3, `${gateway}: ${made}`);
    }
  });

  it("token-storm: invalid tokens are refused over HTTPS, for each reason; other requests are answered", async (t) => {
    const outcomes = ["malformed", "unsupported", "unknown_key"];
    const grows = async (gateway: string, what: string, count: () => Promise<number>) => {
      const before = await count();
      await eventually(`${gateway}: ${what}`, async () => (await count()) > before + 3);
    };
    t.after(() => stack.endFaults());
    await stack.setFault("token-storm");
    await Promise.all(
      GATEWAY_NAMES.flatMap((gateway) => [
        ...outcomes.map((outcome) => {
          const labels = { http_route: "/a/hello", outcome };
          return grows(gateway, outcome, () =>
            scrapeSum(stack.address(gateway), "gateway_auth_total", labels),
          );
        }),
        grows(gateway, "401", () => answered(gateway, "/a/hello", 401)),
      ]),
    );
    for (const { gateway, path } of GATEWAY_REQUESTS)
      assert.equal((await overHttp2(gateway, path)).status, 200);
    assert.deepEqual(await stack.endFaults(), ["token-storm"]);
  });

  for (const { gateway, path, service } of GATEWAY_REQUESTS)
    it(`has the same complete trace over HTTP/2 and HTTP/1.1 (${gateway}, ${service})`, async () => {
      const seen = [];
      for (const [version, send] of VERSIONS) {
        const caller = crypto.randomUUID().replaceAll("-", "");
        const headers = { traceparent: `00-${caller}-00f067aa0ba902b7-01` };
        const { status, traceId, text } = await send(gateway, path, { headers });
        assert.equal(status, 200, text);
        assert.equal(traceId, caller);
        const spans = await within("the trace", 3_000, () =>
          traceOf(stack.address("tempo"), traceId, [gateway, service]),
        );
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
    // The demo traffic and the token storm get no such response.
    const count = () => answered("gateway", "/b/numbers", 401);
    const before = await count();
    assert.equal((await overHttp2("gateway", "/b/numbers?count=3", { token: null })).status, 401);
    await eventually("the request is counted", async () => (await count()) === before + 1);
  });

  it("stops B when the client resets a stream over HTTP/2", async () => {
    for (const gateway of GATEWAY_NAMES) {
      const headers = { accept: "text/event-stream" };
      const { status, traceId } = await overHttp2(gateway, "/b/numbers?count=301&delay_ms=100", {
        leave: true,
        headers,
      });
      const left = Date.now();
      assert.equal(status, 200);
      const spans = await within("the trace", 5_000, () =>
        traceOf(stack.address("tempo"), traceId, [gateway, "service-b"]),
      );
      const b = spans.find((span) => span.service === "service-b" && span.kind === "SPAN_KIND_SERVER");
      assert.ok(b && b.endMs - left < 3_000, "B did not stop");
      const own = spans.find((span) => span.service === gateway && span.kind === "SPAN_KIND_SERVER");
      assert.equal(own?.attributes["http.response.status_code"], "499");
    }
  });

  it("`lab doctor` finds nothing", async () => {
    const stdout = await labOutput(STATE_FOLDER, "doctor");
    assert.match(stdout, /service-a, service-a-2, service-b/);
  });

  it("loses no request and ends no stream while all certificates are renewed", async () => {
    const statuses = new Map<number, number>();
    const serial = async (port: number) => {
      const socket = connectTls({ host: "127.0.0.1", port, ca: authority(), servername: "localhost" });
      await once(socket, "secureConnect");
      const { serialNumber } = socket.getPeerX509Certificate() ?? {};
      socket.destroy();
      return serialNumber;
    };
    const { ports } = stack;
    const all = [
      ...GATEWAY_NAMES.map((name) => ports[SERVICES[name].ports.http.variable]),
      ports.OTELCOL_GRPC_PORT,
      ports.OTELCOL_HTTP_PORT,
      ports.SERVICE_B_HTTP_PORT,
    ];
    const failed = async () => {
      const found = await Promise.all(
        GATEWAY_NAMES.map((name) =>
          scrape(stack.address(name), "http_server_request_duration_seconds_count"),
        ),
      );
      return found.flat().filter(({ labels }) => Number(labels.http_response_status_code) >= 500);
    };
    const before = await Promise.all(all.map(serial));
    const failedBefore = await failed();
    // Longer than a service takes to find the new files, and to ask the gateways to connect again.
    const [count, delayMs] = [100, 100];
    const streams = GATEWAY_NAMES.flatMap((gateway) =>
      VERSIONS.map(([version, send]) => {
        const begun = Promise.withResolvers<void>();
        const ended = send(gateway, `/b/numbers?count=${count}&delay_ms=${delayMs}`, {
          headers: { accept: "text/event-stream" },
          begun: begun.resolve,
        }).then(({ text }) => ({ text, at: performance.now() }));
        return { what: `${gateway}, HTTP/${version}`, begun: begun.promise, ended };
      }),
    );
    await Promise.all(streams.map(({ begun, ended }) => Promise.race([begun, ended])));
    await makeCertificates(STATE_FOLDER, { renewAll: true });
    await eventually("the gateways, B and the collector use the new certificates", async () => {
      for (const { gateway, path } of GATEWAY_REQUESTS)
        for (const [, send] of VERSIONS) {
          const { status } = await send(gateway, path);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      const now = await Promise.all(all.map(serial));
      return now.every((each, index) => each !== before[index]);
    });
    const renewed = performance.now();
    assert.deepEqual([...statuses.keys()], [200]);
    for (const { what, ended } of streams) {
      const { text, at } = await ended;
      const events = [...text.matchAll(/^event: (\w+)$/gm)].map(([, event]) => event);
      assert.deepEqual(events, [...Array(count).fill("number"), "timing", "end"], what);
      assert.ok(at - renewed > TRUST_MS, `${what}: B has not closed its connections while the stream ran`);
    }
    assert.deepEqual(await failed(), failedBefore, "the demo traffic got no 5xx");
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

  it("accepts only strong ciphers with TLS 1.2, at every port of the services, the collector and Loki's HTTP API", async () => {
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
      assert.match(await labOutput(STATE_FOLDER, "break", "expired-cert"), /^expired-cert is active until /);
    });

    it("refuses calls to service A within seconds, with a 503, a metric and a log line", async () => {
      for (const gateway of GATEWAY_NAMES) {
        await within(`${gateway} refuses the certificate`, 10_000, async () => {
          const { status, text } = await overHttp1(gateway, "/a/hello?name=Ana");
          return status === 503 && JSON.parse(text).type === "urn:lgtm-lab:problem:backend-down";
        });
        const labels = { peer: "service-a", reason: "expired" };
        assert.ok((await scrapeSum(stack.address(gateway), "tls_handshake_failures_total", labels)) > 0);
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

    it("answers again within seconds after `lab fix`", async () => {
      assert.equal(await labOutput(STATE_FOLDER, "fix"), "Ended: expired-cert.");
      for (const gateway of GATEWAY_NAMES)
        await within(`${gateway} gets a response of A`, 10_000, async () => {
          const { status } = await overHttp1(gateway, "/a/hello?name=Ana");
          return status === 200;
        });
    });
  });

  it("still answers the demo traffic and the requests of the console", async () => {
    await callThroughConsole(stack.address("console"));
    for (const gateway of GATEWAY_NAMES)
      await eventually(
        "the traffic is answered",
        async () => (await answered(gateway, "/b/numbers", 200)) > 5,
      );
  });
});
