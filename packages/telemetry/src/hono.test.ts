import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import {
  durationMs,
  finishedSpans,
  line,
  loggedLines,
  reset,
  sample,
  span,
  waitForResult,
} from "../test/in-memory.ts";
import { initHttpRoutes, metricsHandler, observe, observeStream } from "./hono.ts";
import { excludePath } from "./index.ts";
import { isExcluded } from "./tracing/excluded-paths.ts";

const app = new Hono();
app.use(observe());
app.get("/metrics", metricsHandler());
app.get("/healthz", (c) => c.text("ok"));
for (const path of ["/jobs", "/jobs/7", "/jobsite"]) app.get(path, (c) => c.text("ok"));
app.get("/hello/:name", (c) => c.json({ hello: c.req.param("name") }));
app.get("/raw", () => new Response("raw"));
app.get("/throws", () => {
  throw new Error("boom");
});
app.get("/never", () => new Promise<Response>(() => {}));
app.get("/events", (c) =>
  streamSSE(c, async (stream) => {
    const observed = observeStream(c);
    for (let index = 0; index < 3 && !stream.aborted; index += 1) {
      await stream.writeSSE({ data: String(index) });
      observed.message();
      await stream.sleep(30);
    }
    if (c.req.query("fail")) observed.failed(504, new Error("too late"));
    if (c.req.query("endless")) await new Promise<void>((resolve) => stream.onAbort(resolve));
  }),
);
app.onError((_error, c) => c.json({ title: "Internal Server Error" }, 500));
initHttpRoutes([{ route: "/hello/:name" }]);

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
let base = "";
before(async () => {
  if (!server.listening) await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());
afterEach(reset);

const labels = (route: string, status: number | string) =>
  `{http_request_method="GET",http_route="${route}",http_response_status_code="${status}"}`;
const count = async (route: string, status: number | string) =>
  (await sample(`http_server_request_duration_seconds_count${labels(route, status)}`)) ?? 0;
const counted = (route: string, status: number, times: number) =>
  waitForResult(async () => (await count(route, status)) === times);
const serverSpan = (name: string) => span((finished) => finished.name === name && finished.kind === 1);

test("a known route that streams starts its stream series at 0, another has none", async () => {
  initHttpRoutes([{ route: "/known-stream", streams: true }, { route: "/known" }]);
  for (const name of [
    "time_to_first_message_seconds_count",
    "messages_count",
    "cancellations_total",
    "errors_total",
  ]) {
    const of = (route: string) => sample(`http_server_stream_${name}{http_route="${route}"}`);
    assert.equal(await of("/known-stream"), 0, name);
    assert.equal(await of("/known"), undefined, name);
  }
});

test("a known route starts at 0 for success and for every status an objective counts", async () => {
  for (const status of [200, 400, 499, 500, 502, 503, 504])
    assert.equal(
      await sample(`http_server_request_duration_seconds_count${labels("/hello/:name", status)}`),
      0,
    );
});

test("a request makes a span with its route, a sample with an exemplar, a log line and a header, all with one trace id", async () => {
  const response = await fetch(`${base}/hello/ana?secret=1`);
  const traceId = response.headers.get("x-trace-id") ?? "";
  assert.match(traceId, /^[0-9a-f]{32}$/);
  const finished = await serverSpan("GET /hello/:name");
  assert.equal(finished.spanContext().traceId, traceId);
  assert.equal(finished.attributes["http.route"], "/hello/:name");
  const logged = await line(({ path }) => path === "/hello/ana");
  assert.equal(logged.trace_id, traceId);
  assert.equal(logged.span_id, finished.spanContext().spanId);
  assert.deepEqual(
    [logged.level, logged.method, logged.route, logged.status, logged.msg],
    ["info", "GET", "/hello/:name", 200, "request"],
  );
  await counted("/hello/:name", 200, 1);
  const exposition = await fetch(`${base}/metrics`, { headers: { accept: "text/plain" } });
  assert.equal(
    exposition.headers.get("content-type"),
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  const text = await exposition.text();
  assert.ok(text.endsWith("# EOF\n"));
  const exemplar = `# {trace_id="${traceId}",span_id="${finished.spanContext().spanId}"}`;
  const bucket = text.split("\n").find((candidate) => candidate.includes(exemplar));
  assert.match(bucket ?? "", /^http_server_request_duration_seconds_bucket\{le="[0-9.]+",/);
});

test("a request with an unsampled traceparent is recorded, in its own trace", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const { status, headers } = await raw(
    `GET /hello/hidden HTTP/1.1\r\ntraceparent: 00-${traceId}-b7ad6b7169203331-00\r\n`,
  );
  assert.equal(status, 200);
  assert.match(headers, new RegExp(`x-trace-id: ${traceId}`));
  const finished = await span((candidate) => candidate.spanContext().traceId === traceId);
  assert.equal(finished.parentSpanContext?.spanId, "b7ad6b7169203331");
});

test("a response that is not Hono's own object has its trace id too", async () => {
  const response = await fetch(`${base}/raw`);
  assert.match(response.headers.get("x-trace-id") ?? "", /^[0-9a-f]{32}$/);
});

test("all paths without a route have the same label", async () => {
  await fetch(`${base}/no/such/${Math.random()}`);
  await counted("unmatched", 404, 1);
  assert.equal((await serverSpan("GET unmatched")).attributes["http.route"], "unmatched");
});

test("all preflights have the same label; OPTIONS without an origin is not a preflight", async () => {
  const count = (route: string) =>
    sample(
      `http_server_request_duration_seconds_count{http_request_method="OPTIONS",http_route="${route}",http_response_status_code="404"}`,
    );
  for (const path of ["/hello/ana", `/no/such/${Math.random()}`])
    await fetch(`${base}${path}`, { method: "OPTIONS", headers: { origin: "http://localhost:5173" } });
  await waitForResult(async () => (await count("preflight")) === 2);
  assert.equal((await serverSpan("OPTIONS preflight")).attributes["http.route"], "preflight");
  await fetch(`${base}/hello/ana`, { method: "OPTIONS" });
  await waitForResult(async () => (await count("unmatched")) === 1);
});

test("a thrown error is observed once, as 500, and its log line contains the cause", async () => {
  const response = await fetch(`${base}/throws`);
  assert.equal(response.status, 500);
  const logged = await line(({ path }) => path === "/throws");
  assert.deepEqual([logged.level, logged.status], ["error", 500]);
  assert.equal((logged.err as { message: string }).message, "boom");
  await counted("/throws", 500, 1);
  assert.equal((await serverSpan("GET /throws")).status.code, 2);
});

test("a client that disconnects before the response is observed once, as 499, and is not a server error", async () => {
  const leaving = new AbortController();
  const request = fetch(`${base}/never`, { signal: leaving.signal });
  await waitForResult(
    async () => (await sample('http_server_active_requests{http_request_method="GET"}')) === 1,
  );
  leaving.abort();
  await assert.rejects(request, { name: "AbortError" });
  await counted("/never", 499, 1);
  const finished = await serverSpan("GET /never");
  assert.equal(finished.attributes["http.response.status_code"], 499);
  assert.equal(finished.status.code, 0);
  assert.equal((await line(({ path }) => path === "/never")).level, "info");
  assert.equal(await sample('http_server_active_requests{http_request_method="GET"}'), 0);
});

test("an event stream is observed to its last byte", async () => {
  await (await fetch(`${base}/events`)).text();
  const finished = await serverSpan("GET /events");
  assert.ok(durationMs(finished) >= 80, `the span lasted ${durationMs(finished)} ms of 90`);
  const logged = await line(({ path }) => path === "/events");
  assert.ok(Number(logged.duration_ms) >= 80, `logged ${logged.duration_ms} ms of 90`);
  assert.equal(await sample('http_server_stream_messages_sum{http_route="/events"}'), 3);
  assert.equal(
    await sample('http_server_stream_time_to_first_message_seconds_count{http_route="/events"}'),
    1,
  );
});

test("an event stream that fails after its headers counts with its error status", async () => {
  const response = await fetch(`${base}/events?fail=1`);
  assert.equal(response.status, 200);
  await response.text();
  await counted("/events", 504, 1);
  const finished = await serverSpan("GET /events");
  assert.equal(finished.attributes["http.response.status_code"], 504);
  assert.equal(finished.status.code, 2);
  const logged = await line(({ path }) => path === "/events");
  assert.deepEqual([logged.level, logged.status], ["error", 504]);
  assert.equal((logged.err as { message: string }).message, "too late");
  assert.equal(await sample('http_server_stream_errors_total{http_route="/events"}'), 1);
});

test("a client that disconnects from an event stream counts as a cancellation", async () => {
  const leaving = new AbortController();
  const response = await fetch(`${base}/events?endless=1`, { signal: leaving.signal });
  await response.body?.getReader().read();
  leaving.abort();
  await counted("/events", 499, 1);
  assert.equal(await sample('http_server_stream_cancellations_total{http_route="/events"}'), 1);
});

test("probes and scrapes make no span, no log line and no sample", async () => {
  const health = await fetch(`${base}/healthz?full=1`);
  assert.equal(health.headers.get("x-trace-id"), null);
  await (await fetch(`${base}/metrics`)).text();
  await (await fetch(`${base}/hello/after`)).text();
  await line(({ path }) => path === "/hello/after"); // by now the others would have arrived
  assert.deepEqual(
    loggedLines().map(({ path }) => path),
    ["/hello/after"],
  );
  assert.ok(
    !finishedSpans().some(
      (finished) => /healthz|metrics/.test(String(finished.attributes["url.path"])) && finished.kind === 1,
    ),
  );
  assert.equal(await count("/healthz", 200), 0);
});

test("excludePath() excludes a path and all paths below it, and no other", async () => {
  excludePath("/jobs");
  for (const path of ["/jobs", "/jobs/7", "/jobs?full=1", "/jobsite"])
    await (await fetch(base + path)).text();
  await line(({ path }) => path === "/jobsite");
  assert.deepEqual(
    loggedLines().map(({ path }) => path),
    ["/jobsite"],
  );
  const served = finishedSpans().filter(({ kind }) => kind === 1);
  assert.deepEqual(
    served.map(({ attributes }) => attributes["url.path"]),
    ["/jobsite"],
  );
  assert.equal(await count("/jobs", 200), 0);
});

test("a path that leads out of an excluded one is not excluded, because the server answers another route", () => {
  excludePath("/inside");
  for (const path of ["/inside/../jobsite", "/inside/%2e%2E/jobsite", "/inside/x/.%2e", "/insider"])
    assert.equal(isExcluded(path), false, path);
  for (const path of ["/inside", "/inside/x?y=/../", "/inside/..x", "/inside/x..", "/inside/."])
    assert.equal(isExcluded(path), true, path);
});

test("without a Node server (app.request) a request is observed when the handler returns", async () => {
  const response = await app.request("/hello/bare");
  assert.equal(response.status, 200);
  assert.equal((await line(({ path }) => path === "/hello/bare")).status, 200);
});

/** Sends one request, byte for byte, without a trace. */
async function raw(head: string): Promise<{ status: number; headers: string }> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.end(`${head}host: x\r\nconnection: close\r\n\r\n`);
  let text = "";
  for await (const chunk of socket) text += chunk;
  return { status: Number(text.split(" ")[1]), headers: text.split("\r\n\r\n")[0] ?? "" };
}
