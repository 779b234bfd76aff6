import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeCollector } from "../test/collector.ts";
import { FakeLoki } from "../test/loki.ts";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
type Variables = Readonly<Record<string, string>>;

/** Starts a proxy that records the requested addresses, and opens every tunnel to one port of this machine. */
async function proxyTo(t: TestContext, port: number) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.writeHead(502).end();
  });
  server.on("connect", (request, client) => {
    requests.push(`CONNECT ${request.url}`);
    const tunnel = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      tunnel.pipe(client).pipe(tunnel);
    });
    for (const socket of [tunnel, client]) socket.on("error", () => tunnel.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function backends(t: TestContext) {
  const [collector, loki] = [await new FakeCollector().start(), await new FakeLoki().start()];
  t.after(() => {
    collector.stop();
    return loki.stop();
  });
  return { collector, loki, proxy: await proxyTo(t, Number(new URL(collector.endpoint).port)) };
}

/** Runs Node with the package preloaded, to its end. */
async function run(t: TestContext, args: readonly string[], env: Variables): Promise<void> {
  const child = spawn(process.execPath, ["--import", "@lgtm-lab/telemetry/register", ...args], {
    cwd: PACKAGE,
    env: { OTEL_SERVICE_NAME: "tested", ...env },
    stdio: "ignore",
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child, "exit");
}

for (const [variable, more, host] of [
  ["http_proxy", {}, "127.0.0.1"],
  ["https_proxy", { no_proxy: "example.com" }, "localhost"],
  ["grpc_proxy", { NO_PROXY: "*", NODE_USE_ENV_PROXY: "1" }, "127.0.0.1"],
  ["HTTPS_PROXY", { no_proxy: "*" }, "localhost"],
  ["all_proxy", { NODE_USE_ENV_PROXY: "1" }, "127.0.0.1"],
] as const)
  test(`with ${variable} and ${JSON.stringify(more)}, spans and lines go to ${host} directly`, async (t) => {
    const { collector, loki, proxy } = await backends(t);
    await run(t, ["test/fixtures/script.ts"], {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint.replace("127.0.0.1", host),
      LOKI_URL: loki.url.replace("127.0.0.1", host),
      [variable]: proxy.url,
      ...more,
    });
    assert.deepEqual(proxy.requests, []);
    assert.deepEqual(
      collector.spans.map(({ name }) => name),
      ["last act"],
    );
    assert.deepEqual(
      loki.entries.map(({ line }) => line.msg),
      ["last words"],
    );
  });

test("a collector elsewhere is reached through the proxy", async (t) => {
  const { collector, proxy } = await backends(t);
  await run(t, ["test/fixtures/script.ts"], {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.example:4317",
    LOKI_URL: "",
    https_proxy: proxy.url,
    no_proxy: "example.com.br,",
  });
  assert.deepEqual(new Set(proxy.requests), new Set(["CONNECT collector.example:4317"]));
  assert.equal(collector.spans.length, 1);
});

/** Connects any gRPC client to the address in its first argument; ends when that is done, or after a moment. */
const CONNECT = `
  import { Client, credentials } from "@grpc/grpc-js";
  const client = new Client(process.argv[1], credentials.createInsecure());
  client.waitForReady(Date.now() + 300, () => process.exit());
`;

async function connected(t: TestContext, target: string, env: Variables): Promise<readonly string[]> {
  const { proxy } = await backends(t);
  const quiet = { OTEL_SDK_DISABLED: "true", LOKI_URL: "" };
  await run(t, ["--input-type=module", "-e", CONNECT, target], { ...quiet, http_proxy: proxy.url, ...env });
  return proxy.requests;
}

for (const [target, env] of [
  ["127.0.0.1:4317", { no_grpc_proxy: "example.com" }],
  ["127.8.9.10:4317", {}],
  ["localhost:4317", { no_proxy: "example.com" }],
  ["[::1]:4317", {}],
  ["0.0.0.0:4317", { no_grpc_proxy: "*", no_proxy: "example.com" }],
] as const)
  test(`gRPC to ${target} is direct, with ${JSON.stringify(env)}`, async (t) => {
    assert.deepEqual(await connected(t, target, env), []);
  });

for (const env of [
  { no_proxy: "example.com" },
  { NO_PROXY: "other.example, .example.com" },
  { no_proxy: "*.example.com" },
  { no_proxy: "*" },
  { no_grpc_proxy: "a.example.com", no_proxy: "other.example" },
])
  test(`gRPC to a.example.com is direct because of ${JSON.stringify(env)}`, async (t) => {
    assert.deepEqual(await connected(t, "a.example.com:4317", env), []);
  });

for (const env of [{}, { no_proxy: "other.example,,localhost," }, { no_grpc_proxy: "b", no_proxy: "*" }])
  test(`gRPC to a.example.com uses the proxy, with ${JSON.stringify(env)}`, async (t) => {
    assert.deepEqual(await connected(t, "a.example.com:4317", env), ["CONNECT a.example.com:4317"]);
  });
