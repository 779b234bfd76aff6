import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ServerCredentials } from "@grpc/grpc-js";
import pWaitFor from "p-wait-for";
import { createCertificates } from "../test/certificates.ts";
import { FakeCollector, freePort } from "../test/collector.ts";
import { FakeLoki } from "../test/loki.ts";
import { FakeOtlpHttp } from "../test/otlp-http.ts";
import { partialSuccess } from "../test/wire.ts";
import type { TelemetryStatus } from "./lifecycle.ts";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function backends() {
  const collector = await new FakeCollector().start();
  const loki = await new FakeLoki().start();
  cleanups.push(
    () => collector.stop(),
    () => loki.stop(),
  );
  return { collector, loki };
}

/** Runs a fixture with the package preloaded, as services do. */
function run(fixture: string, env: Record<string, string>, ...args: string[]) {
  const main = `test/fixtures/${fixture}.ts`;
  const child = spawn(process.execPath, ["--import", "@lgtm-lab/telemetry/register", main, ...args], {
    cwd: PACKAGE,
    env: { OTEL_SERVICE_NAME: "tested", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  cleanups.push(() => child.kill("SIGKILL"));
  const stderr: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text) => stderr.push(text));
  return { child, stderr: () => stderr.join(""), exit: once(child, "exit") as Promise<[number, string]> };
}

/** Returns the address of the service, read from its log line on stdout. */
async function address(child: ChildProcess): Promise<string> {
  for await (const text of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const line = JSON.parse(text);
    if (line.msg === "listening") return `http://127.0.0.1:${line.port}`;
  }
  throw new Error("it never listened");
}

interface Flooded {
  status: TelemetryStatus;
  memory: NodeJS.MemoryUsage;
}

/** Returns the report of the fixture `flood` on stderr. */
async function reported(event: string, stderr: () => string): Promise<Flooded> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const found = stderr()
      .split("\n")
      .find((line) => line.startsWith(`{"event":"${event}"`) && line.endsWith("}"));
    if (found) return JSON.parse(found);
    if (performance.now() > deadline) throw new Error(`it never reported ${event}: ${stderr()}`);
    await sleep(20);
  }
}

/** Waits until a condition is met. */
async function until(reached: () => boolean, stderr: () => string): Promise<void> {
  await pWaitFor(reached, { interval: 20, timeout: 30_000 }).catch(() => assert.fail(stderr()));
}

const urls = ({ collector, loki }: Awaited<ReturnType<typeof backends>>) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
  LOKI_URL: loki.url,
});

const UNSAMPLED = "00-11111111111111111111111111111111-2222222222222222-00";
const SAMPLED = "00-33333333333333333333333333333333-4444444444444444-01";

const messages = (loki: FakeLoki) => loki.entries.map(({ line }) => line.msg);

test("a preloaded service sends a request's span and log line, and counts both", async () => {
  const both = await backends();
  const { child } = run("service", urls(both));
  const base = await address(child);
  const traceId = (await fetch(`${base}/hello`)).headers.get("x-trace-id");
  const ofTrace = (entry: { metadata: Record<string, string> }) => entry.metadata.trace_id === traceId;
  await both.collector.until(() => both.collector.spans.some((span) => span.traceId === traceId));
  await both.loki.until(() => both.loki.entries.some(ofTrace));
  assert.equal(both.collector.spans.find((span) => span.traceId === traceId)?.name, "GET /hello");
  const entry = both.loki.entries.find(ofTrace);
  assert.deepEqual(entry?.labels, { level: "info", service_name: "tested" });
  // The receivers have both; the service counts them when it has read their responses.
  let metrics = "";
  while (!/_spans_exported_total 1$/m.test(metrics) || !/_lines_pushed_total [1-9]/m.test(metrics))
    metrics = await (await fetch(`${base}/metrics`)).text();
  assert.match(metrics, /^telemetry_spans_exported_total 1$/m);
  assert.match(metrics, /^telemetry_spans_dropped_total 0$/m);
  assert.match(metrics, /^telemetry_span_queue_size 0$/m);
  assert.match(metrics, /^telemetry_log_lines_pushed_total [1-9]/m);
  assert.match(metrics, /^telemetry_log_lines_dropped_total 0$/m);
  assert.match(metrics, /^nodejs_eventloop_lag_p99_seconds /m);
});

test("the endpoint for traces overrides the one for all signals", async () => {
  const both = await backends();
  const { child } = run("service", {
    ...urls(both),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: both.collector.endpoint,
  });
  await fetch(`${await address(child)}/hello`);
  await both.collector.until(() => both.collector.spans.some((span) => span.name === "GET /hello"));
});

test("it handles no signals: SIGTERM ends a process that does not handle it", async () => {
  const { child, exit } = run("service", urls(await backends()));
  await address(child);
  child.kill("SIGTERM");
  assert.deepEqual(await exit, [null, "SIGTERM"]);
});

test("a crash is printed, logged and flushed, and still ends the process with 1", async () => {
  const both = await backends();
  const { child, exit, stderr } = run("service", urls(both));
  const base = await address(child);
  const traceId = (await fetch(`${base}/crash`)).headers.get("x-trace-id");
  assert.equal((await exit)[0], 1);
  assert.match(stderr(), /everything is on fire/);
  assert.ok(both.collector.spans.some((span) => span.traceId === traceId));
  const fatal = both.loki.entries.find((entry) => entry.labels.level === "critical");
  assert.ok(fatal);
  assert.equal(fatal.line.msg, "crashed");
  assert.equal((fatal.line.err as { message: string }).message, "everything is on fire");
});

test("a script that ends normally loses nothing", async () => {
  const both = await backends();
  const { exit } = run("script", urls(both));
  assert.equal((await exit)[0], 0);
  assert.deepEqual(messages(both.loki), ["last words"]);
  assert.deepEqual(
    both.collector.spans.map((span) => span.name),
    ["last act"],
  );
});

test("a script that calls process.exit() loses no log line, and keeps its exit code", async () => {
  const both = await backends();
  const { exit } = run("script", urls(both), "exit");
  assert.equal((await exit)[0], 3);
  assert.deepEqual(messages(both.loki), ["last words"]);
});

test("shutdown while every backend is unavailable is limited in time, and reports undelivered items", async () => {
  const { child, exit, stderr } = run("service", {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    LOKI_URL: `http://127.0.0.1:${await freePort()}`,
  });
  const base = await address(child);
  await (await fetch(`${base}/hello`)).text();
  const startedAt = performance.now();
  await fetch(`${base}/stop`).then((response) => response.text());
  assert.equal((await exit)[0], 0);
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < 3000, `took ${tookMs} ms, allowed 3000`);
  assert.match(stderr(), /\b1 spans could not be delivered before the process ended/);
  assert.match(stderr(), /\b2 log lines could not be delivered before the process ended/);
});

test("during a long outage a small heap keeps the promised amount and counts the rest; later all is delivered in order", async () => {
  const [collectorPort, lokiPort] = [await freePort(), await freePort()];
  const { child, exit, stderr } = run(
    "flood",
    {
      NODE_OPTIONS: "--max-old-space-size=40 --max-semi-space-size=1",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
      LOKI_URL: `http://127.0.0.1:${lokiPort}`,
    },
    "60000",
  );
  child.stdout.resume();
  const started = await reported("started", stderr);
  const held = await reported("held", stderr);
  for (const { queued, dropped } of [held.status.spans, held.status.logLines])
    assert.deepEqual(
      [queued + dropped, queued > 49_000],
      [60_000, true],
      `${queued} wait, ${dropped} dropped`,
    );
  const grown = (held.memory.rss - started.memory.rss) / 2 ** 20;
  assert.ok(grown < 60, `grew by ${grown.toFixed(0)} MiB`);

  const collector = await new FakeCollector(collectorPort).start();
  const loki = await new FakeLoki(lokiPort).start();
  cleanups.push(
    () => collector.stop(),
    () => loki.stop(),
  );
  const { spans, logLines } = (await reported("delivered", stderr)).status;
  assert.equal((await exit)[0], 0);
  assert.equal(collector.spans.length + spans.dropped, 60_000);
  assert.equal(loki.entries.length + logLines.dropped, 60_000);
  const times = loki.entries.map((entry) => entry.time);
  assert.deepEqual(times, times.toSorted());
  assert.deepEqual(
    stderr()
      .match(/dropping \w+( \w+)?/g)
      ?.toSorted(),
    ["dropping log lines", "dropping spans"],
  );
});

test("without a service name it does not start, and reports the missing variable", async () => {
  const { exit, stderr } = run("script", { OTEL_SERVICE_NAME: "" });
  assert.notEqual((await exit)[0], 0);
  assert.match(stderr(), /OTEL_SERVICE_NAME/);
});

test("an invalid address ends the process at once, with one sentence", async () => {
  const { exit, stderr } = run("service", { OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4317", LOKI_URL: "" });
  assert.equal((await exit)[0], 1);
  assert.equal(
    stderr(),
    "telemetry: OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4317 has no scheme: use http://localhost:4317, or https://localhost:4317 for TLS.\n",
  );
});

test("an address without delivery is reported after 5 s, and again when delivery works", async () => {
  const [otlpPort, lokiPort] = [await freePort(), await freePort()];
  const otlp = `http://127.0.0.1:${otlpPort}`;
  const { child, stderr } = run("service", {
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
    LOKI_URL: `http://me:s3cret@127.0.0.1:${lokiPort}`,
  });
  await (await fetch(`${await address(child)}/hello`)).text();
  const says = async (message: string) => {
    for (const deadline = performance.now() + 15_000; !stderr().includes(message); await sleep(20))
      assert.ok(performance.now() < deadline, `expected: ${message}\nsaid: ${stderr()}`);
  };
  await says(
    `telemetry: OTEL_EXPORTER_OTLP_ENDPOINT=${otlp}: no spans delivered for 5 s; last error: 14 UNAVAILABLE`,
  );
  await says(
    `telemetry: LOKI_URL=http://***@127.0.0.1:${lokiPort}: no log lines delivered for 5 s; last error: connect ECONNREFUSED`,
  );
  const collector = await new FakeCollector(otlpPort).start();
  const loki = await new FakeLoki(lokiPort).start();
  cleanups.push(
    () => collector.stop(),
    () => loki.stop(),
  );
  await says(`telemetry: OTEL_EXPORTER_OTLP_ENDPOINT=${otlp}: spans are delivered now\n`);
  await says(`telemetry: LOKI_URL=http://***@127.0.0.1:${lokiPort}: log lines are delivered now\n`);
  assert.equal(stderr().split("\n").length, 5, stderr());
  assert.doesNotMatch(stderr(), /s3cret/);
});

for (const protocol of ["http/protobuf", "http/json"])
  test(`spans are sent by ${protocol} if it is selected, with the headers for traces`, async () => {
    const receiver = await new FakeOtlpHttp().start();
    cleanups.push(() => receiver.stop());
    const { exit, stderr } = run("script", {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=all,x-key=a%20b",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-tenant=traces",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      LOKI_URL: "",
    });
    assert.equal((await exit)[0], 0);
    assert.equal(stderr(), "");
    assert.deepEqual(
      receiver.spans.map((span) => span.name),
      ["last act"],
    );
    const [request] = receiver.requests;
    assert.equal(request?.path, "/v1/traces");
    assert.equal(request?.headers["x-tenant"], "traces");
    assert.equal(request?.headers["x-key"], "a b");
  });

test("OTEL_TRACES_EXPORTER=none sends no spans, but lines still have their ids", async () => {
  const both = await backends();
  const { child, stderr } = run("service", { ...urls(both), OTEL_TRACES_EXPORTER: "none" });
  const traceId = (await fetch(`${await address(child)}/hello`)).headers.get("x-trace-id");
  assert.match(traceId ?? "", /^[0-9a-f]{32}$/);
  await both.loki.until(() => both.loki.entries.some((entry) => entry.metadata.trace_id === traceId));
  assert.equal(both.collector.attempts, 0);
  assert.equal(stderr(), "");
});

test("a span that the sampler drops is not sent, and no exemplar refers to it", async () => {
  const both = await backends();
  const { child } = run("service", { ...urls(both), OTEL_TRACES_SAMPLER: "parentbased_always_on" });
  const base = await address(child);
  await fetch(`${base}/hello`, { headers: { traceparent: UNSAMPLED } });
  await fetch(`${base}/hello`, { headers: { traceparent: SAMPLED } });
  await both.collector.until(() => both.collector.spans.length > 0);
  await both.loki.until(() => both.loki.entries.filter((entry) => entry.line.msg === "request").length === 2);
  const [unsampled, sampled] = [UNSAMPLED.slice(3, 35), SAMPLED.slice(3, 35)];
  assert.deepEqual(
    both.collector.spans.map((span) => span.traceId),
    [sampled],
  );
  const metrics = await (await fetch(`${base}/metrics`)).text();
  assert.doesNotMatch(metrics, new RegExp(unsampled));
});

test("OTEL_PROPAGATORS selects the headers that are read", async () => {
  const both = await backends();
  const { child } = run("service", { ...urls(both), OTEL_PROPAGATORS: "b3" });
  const b3 = `${SAMPLED.slice(3, 35)}-${SAMPLED.slice(36, 52)}-1`;
  const response = await fetch(`${await address(child)}/hello`, { headers: { b3, traceparent: UNSAMPLED } });
  assert.equal(response.headers.get("x-trace-id"), SAMPLED.slice(3, 35));
});

test("OTEL_LOG_LEVEL sets the log level of the SDK, and partial successes still count", async () => {
  const both = await backends();
  both.collector.responses.push(partialSuccess(1));
  const { exit, stderr } = run("script", { ...urls(both), OTEL_LOG_LEVEL: "DEBUG" });
  assert.equal((await exit)[0], 0);
  assert.match(stderr(), /^telemetry: .*Registered a global/m);
  assert.match(stderr(), /dropping spans: the receiver rejected them/);
});

test("settings without effect are reported once at start", async () => {
  const both = await backends();
  const { child, stderr } = run("service", {
    ...urls(both),
    OTEL_METRICS_EXPORTER: "otlp",
    OTEL_BSP_EXPORT_TIMEOUT: "",
  });
  await address(child);
  assert.equal(
    stderr(),
    "telemetry: These variables have no effect: OTEL_METRICS_EXPORTER (metrics are served at /metrics, for Prometheus).\n",
  );
});

test("tracing and shipping can both be switched off", async () => {
  const { child, exit } = run("service", { OTEL_SDK_DISABLED: "true", LOKI_URL: "" });
  const response = await fetch(`${await address(child)}/hello`);
  assert.equal(response.headers.get("x-trace-id"), null);
  child.kill("SIGTERM");
  await exit;
});

/** Starts receivers with TLS. Returns them, and the paths of files with the CA and with the certificate of a client. */
async function secureBackends(options: { clientCertificates: boolean }) {
  const { ca, server, client } = await createCertificates();
  const { ca: otherCa } = await createCertificates();
  const folder = mkdtempSync(join(tmpdir(), "telemetry-tls-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const tls = { ...server, ca, requestCert: options.clientCertificates };
  const pair = { private_key: Buffer.from(server.key), cert_chain: Buffer.from(server.cert) };
  const credentials = ServerCredentials.createSsl(Buffer.from(ca), [pair], options.clientCertificates);
  const collector = await new FakeCollector(0, credentials).start();
  const collectorHttp = await new FakeOtlpHttp(tls).start();
  const loki = await new FakeLoki(0, tls).start();
  cleanups.push(
    () => collector.stop(),
    () => collectorHttp.stop(),
    () => loki.stop(),
  );
  const files = {
    ca: file("ca.pem", ca),
    otherCa: file("other-ca.pem", otherCa),
    cert: file("client.pem", client.cert),
    key: file("client-key.pem", client.key),
  };
  return { collector, collectorHttp, loki, ca, files };
}

for (const clientCertificates of [false, true])
  for (const protocol of ["grpc", "http/protobuf"])
    test(`spans and lines are sent with TLS by ${protocol}${clientCertificates ? ", with the certificate of the client" : ""}`, async () => {
      const { collector, collectorHttp, loki, files } = await secureBackends({ clientCertificates });
      const { stderr, exit } = run("script", {
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_ENDPOINT: protocol === "grpc" ? collector.endpoint : collectorHttp.url,
        OTEL_EXPORTER_OTLP_CERTIFICATE: files.ca,
        LOKI_URL: loki.url,
        LOKI_CERTIFICATE: files.ca,
        ...(clientCertificates && {
          OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: files.cert,
          OTEL_EXPORTER_OTLP_CLIENT_KEY: files.key,
          LOKI_CLIENT_CERTIFICATE: files.cert,
          LOKI_CLIENT_KEY: files.key,
        }),
      });
      await exit;
      assert.equal(stderr(), "");
      const spans = [...collector.spans, ...collectorHttp.spans].map(({ name }) => name);
      assert.deepEqual([spans, messages(loki)], [["last act"], ["last words"]]);
    });

test("a certificate that is not trusted is reported once, drops are counted, and a new CA file is used", async () => {
  const { collector, loki, ca, files } = await secureBackends({ clientCertificates: false });
  const { child, stderr } = run("service", {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_CERTIFICATE: files.otherCa,
    LOKI_URL: loki.url,
    LOKI_CERTIFICATE: files.otherCa,
    TELEMETRY_SPAN_BUFFER: "200",
    TELEMETRY_LOG_BUFFER: "200",
  });
  const base = await address(child);
  let metrics = "";
  while (!/_spans_dropped_total [1-9]/m.test(metrics) || !/_lines_dropped_total [1-9]/m.test(metrics)) {
    assert.equal((await fetch(`${base}/hello`)).status, 200);
    metrics = await (await fetch(`${base}/metrics`)).text();
  }
  const reports = (pattern: RegExp) => stderr().match(new RegExp(pattern, "g"))?.length ?? 0;
  const spans =
    /OTEL_EXPORTER_OTLP_ENDPOINT=https:\S+: no spans delivered for 5 s; last error: .*certificate.* \(accepted are certificates of the CAs in OTEL_EXPORTER_OTLP_CERTIFICATE=\S+other-ca.pem\)\n/;
  const lines =
    /LOKI_URL=https:\S+: no log lines delivered for 5 s; last error: .*certificate.* \(accepted are certificates of the CAs in LOKI_CERTIFICATE=\S+other-ca.pem\)\n/;
  await until(() => reports(spans) + reports(lines) === 2, stderr);
  assert.equal([...collector.spans, ...loki.entries].length, 0);
  writeFileSync(files.otherCa, ca);
  await until(() => collector.spans.length > 0 && loki.entries.length > 0, stderr);
  await until(() => reports(/are delivered now\n/) === 2, stderr);
  assert.deepEqual([reports(spans), reports(lines)], [1, 1]);
});

test("unusable certificate files for Loki prevent the start, and the message names the variable", async () => {
  for (const [variables, message] of [
    [{ LOKI_CERTIFICATE: "/no/such/file" }, "LOKI_CERTIFICATE=/no/such/file: cannot read the file (ENOENT)."],
    [
      { LOKI_CLIENT_KEY: import.meta.filename },
      "LOKI_CLIENT_CERTIFICATE and LOKI_CLIENT_KEY only work together: set both.",
    ],
  ] as const) {
    const { stderr, exit } = run("script", { LOKI_URL: "https://127.0.0.1:1", ...variables });
    assert.equal((await exit)[0], 1);
    assert.equal(stderr(), `telemetry: ${message}\n`);
  }
});
