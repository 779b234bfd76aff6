import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect as connectHttp2, constants, type OutgoingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import type { PlainSpan } from "../../test/fixtures/conformance.ts";

/** The fixture with one of the two implementations. */
interface Subject {
  readonly child: ChildProcess;
  readonly http: number;
  readonly hono: number;
  readonly http2: number;
  /** Whether this package's code creates the spans of each kind. */
  readonly optimized: { readonly http: boolean; readonly client: boolean; readonly server: boolean };
}

async function start(
  implementation: "optimized" | "upstream",
  settings: Record<string, string> = {},
): Promise<Subject> {
  const env = {
    ...settings,
    TELEMETRY_INSTRUMENTATION: implementation,
    OTEL_SERVICE_NAME: "conformance",
    LOG_LEVEL: "silent",
    LOKI_URL: "",
  };
  const child = fork(new URL("../../test/fixtures/conformance.ts", import.meta.url), {
    env,
    execArgv: [],
  });
  const [ready] = await once(child, "message");
  return { child, ...ready };
}

async function ask<Reply>({ child }: Subject, message: object): Promise<Reply> {
  child.send(message);
  const [response] = await once(child, "message");
  return response as Reply;
}

/** Sends text to a port and reads until the peer closes the connection; or leaves after the first bytes. */
async function exchange(port: number, text: string, leaves: boolean): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {}); // a reset is the end too
  socket.write(text);
  if (leaves) {
    await once(socket, "data");
    socket.destroy();
    return;
  }
  socket.resume();
  await once(socket, "close");
}

/** Sends a request over HTTP/2; or leaves after the first bytes of the response. */
async function exchangeHttp2(port: number, headers: OutgoingHttpHeaders, leaves: boolean): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request(headers);
  if (leaves) stream.once("data", () => stream.close(constants.NGHTTP2_CANCEL));
  else stream.resume();
  await once(stream, "close");
  session.close();
}

/** Removes ports, and what grpc-js says about the time before a deadline. */
const withoutNumbers = (text: string) =>
  text.replace(/(?<=Deadline exceeded) after.*/, "").replace(/\d{4,}/g, "N");

/**
 * Returns the spans as text that is the same for both implementations: each with the name of its parent, and without
 * ids, ports, durations and stack traces. The order of spans that end at the same time does not matter.
 */
function comparable(spans: readonly PlainSpan[], { http, hono, http2 }: Subject): string[] {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const children = Map.groupBy(spans, ({ parentId }) => parentId);
  const port = (value: unknown) => {
    if (value === http) return "http";
    if (value === http2) return "http2";
    return value === hono ? "hono" : value;
  };
  return spans
    .map((span) => {
      const attributes = Object.entries(span.attributes)
        .map(([key, value]) => {
          if (/^network\.peer\.port$/.test(key)) return [key, typeof value];
          if (key === "server.port") return [key, span.scope.endsWith("grpc") ? typeof value : port(value)];
          return [key, typeof value === "string" ? withoutNumbers(value) : value];
        })
        .sort();
      const { kind, name, scope, ended, remote } = span;
      // instrumentation-grpc creates an empty trace state, which is not sent.
      const traceState = span.traceState || "none";
      const found = byId.get(span.parentId ?? "");
      const parent = found
        ? [found.name, found.attributes["url.query"]]
        : span.parentId && [span.parentId, span.traceId];
      assert.equal(found?.traceId ?? span.traceId, span.traceId, "a span is in the trace of its parent");
      const status = { ...span.status, message: withoutNumbers(span.status.message ?? "") };
      const events = span.events.map((event) => [
        event.name,
        { ...event.attributes, "exception.stacktrace": typeof event.attributes?.["exception.stacktrace"] },
      ]);
      return JSON.stringify({
        name,
        kind,
        parent,
        remote,
        traceState,
        attributes,
        status,
        events,
        scope,
        ended,
        children: children.get(span.id)?.length,
      });
    })
    .sort();
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = `traceparent: 00-${TRACE}-b7ad6b7169203331-01`;

/** A request as text. `close` ends the connection, so that the test knows when the response is complete. */
const get = (target: string, headers: readonly string[] = [], { method = "GET", host = "127.0.0.1" } = {}) =>
  `${[`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...headers, "Connection: close"].join("\r\n")}\r\n\r\n`;
const post = (target: string, body: string, headers: readonly string[] = []) =>
  get(target, [`Content-Length: ${body.length}`, ...headers], { method: "POST" }) + body;
const keptAlive = (target: string) => get(target).replace("Connection: close\r\n", "");

/** The requests, and how many spans each creates. A request that leaves does not wait for the end of the response. */
const REQUESTS: readonly [name: string, text: string, spans: number, leaves?: "leaves"][] = [
  ["a usual request", get("/ok?name=Ana", ["User-Agent: test/1.0"]), 2],
  ["no query and no user agent", get("/ok"), 2],
  ["an empty query", get("/ok?"), 2],
  ["a host with a port", get("/ok", [], { host: "example.org:8080" }), 2],
  ["a host in upper case", get("/ok", [], { host: "Example.ORG" }), 2],
  ["an IPv6 host", get("/ok", [], { host: "[::1]:8080" }), 2],
  ["a host that is not valid", get("/ok", [], { host: "a b" }), 2],
  ["HTTP/1.0 without a host", "GET /ok HTTP/1.0\r\n\r\n", 2],
  ...[
    "999.1.1.1",
    "1.2.3.4.5",
    "a.1",
    "08.1.1.1",
    "4294967296",
    "a:99999",
    "127.0.0.1:1",
    "10.0.0.255",
    "0x7f.1",
  ].map((host) => [`host ${host}`, get("/ok?a=b", [], { host }), 2] as [string, string, number]),
  ["a long path that needs escapes", get(`/ok/${"a".repeat(5_000)}${".b".repeat(500)}%20`), 2],
  ["a long query that needs escapes", get(`/ok?${"a=b&".repeat(1_000)}%20`), 2],
  ["an absolute target", get("http://elsewhere.example/ok?x=1"), 2],
  ["a target with two slashes", get("//elsewhere.example/ok"), 2],
  ["dot segments", get("/a/../ok/./b"), 2],
  ["escaped dot segments", get("/a/%2e%2e/ok"), 2],
  ["a name with dots", get("/.well-known/a.b..c/d.json"), 2],
  ["an escaped path", get("/ok/Jo%C3%A3o%20x"), 2],
  ["a path with other characters", get("/ok/a;b=c,d@e:f!g$h'i(j)*k"), 2],
  ["a path that needs escapes", get('/ok/a"b<c>`{|}^'), 2],
  ["an escaped query", get("/ok?name=Jo%C3%A3o+da%20Silva&x=%zz"), 2],
  ["a query without values", get("/ok?a&b=&=c&&d=e=f"), 2],
  ["a query with other characters", get("/ok?a=b/c?d&e[]=f'g"), 2],
  ["secrets in the query", get("/ok?sig=secret&a=b&X-Amz-Signature=s&AWSAccessKeyId=k"), 2],
  ["a fragment", get("/ok?a=b#c"), 2],
  ["a trace of the caller", get("/ok", [PARENT]), 2],
  ["a trace that is not recorded", get("/ok", [PARENT.replace(/01$/, "00")]), 2],
  ["trace state and baggage", get("/ok", [PARENT, "tracestate: a=b,c=d", "baggage: e=f"]), 2],
  ["a trace id of zeros", get("/ok", [PARENT.replace(TRACE, "0".repeat(32))]), 2],
  ["a parent that is not valid", get("/ok", ["traceparent: nonsense"]), 2],
  ["trace state without a parent", get("/ok", ["tracestate: a=b"]), 2],
  ["baggage only", get("/ok", ["baggage: a=b"]), 2],
  ["HEAD", get("/ok", [], { method: "HEAD" }), 2],
  ["OPTIONS", get("/ok", ["Origin: http://a"], { method: "OPTIONS" }), 2],
  ["an unusual method", get("/ok", [], { method: "PROPFIND" }), 2],
  [
    "X-Forwarded headers",
    get("/ok", ["X-Forwarded-For: 203.0.113.9, 10.0.0.1", "X-Forwarded-Host: a.example"]),
    2,
  ],
  ["X-Forwarded-Proto", get("/ok", ["X-Forwarded-Host: a.example", "X-Forwarded-Proto: https"]), 2],
  ["Forwarded", get("/ok", ["Forwarded: for=203.0.113.9;host=b.example;proto=https"]), 2],
  ...[200, 204, 301, 400, 404, 499, 500, 503, 599].map(
    (code) => [`status ${code}`, get(`/status/${code}`), 2] as [string, string, number],
  ),
  ["a body that is read by events", post("/body", "abc"), 4],
  ["a body that is read in a loop", post("/read", "abc"), 3],
  ["events without a body", get("/body"), 3],
  ["work after a pause, and at the end", get("/later"), 4],
  ["a streamed response", get("/stream"), 2],
  ["the route of a framework", get("/route/7"), 2],
  ["listeners that are removed", get("/once"), 3],
  ["two requests on one connection", keptAlive("/ok?x=1") + get("/later?x=2"), 6],
  ["a response that the server destroys", get("/destroy"), 2],
  ["a client that leaves before the response", get("/hang"), 2, "leaves"],
  ["a client that leaves during the response", get("/half"), 2, "leaves"],
];

/** Requests to the server with Hono. */
const TO_HONO: typeof REQUESTS = [
  ["a route", get("/hono/7?a=b", [PARENT]), 1],
  ["no route", get("/nothing"), 1],
  ["an error", get("/hono-error"), 1],
  ["a probe, without a span, then a request", keptAlive("/healthz") + get("/hono/1"), 1],
  ["a host that Hono rejects", get("/hono/7", [], { host: "a b" }), 1],
];

/** Requests over HTTP/2. */
const TO_HTTP2: readonly [name: string, headers: OutgoingHttpHeaders, spans: number, leaves?: "leaves"][] = [
  ["a usual request", { ":path": "/ok?name=Ana", "user-agent": "test/1.0" }, 2],
  ["an escaped path", { ":path": "/ok/Jo%C3%A3o%20x" }, 2],
  ["a trace of the caller", { ":path": "/ok", traceparent: `00-${TRACE}-b7ad6b7169203331-01` }, 2],
  ["another authority", { ":path": "/ok", ":authority": "example.org" }, 2],
  ["X-Forwarded headers", { ":path": "/ok", "x-forwarded-for": "203.0.113.9" }, 2],
  ["status 503", { ":path": "/status/503" }, 2],
  ["work after a pause, and at the end", { ":path": "/later" }, 4],
  ["a streamed response", { ":path": "/stream" }, 2],
  ["HEAD", { ":path": "/ok", ":method": "HEAD" }, 2],
  ["a client that leaves during the response", { ":path": "/half" }, 2, "leaves"],
];

/** The gRPC calls, by the names of the fixture, and how many spans each creates. */
const CALLS: readonly [
  name: string,
  client: "observed" | "plain" | "down",
  request: string,
  spans: number,
][] = [
  ...(["observed", "plain"] as const).flatMap(
    (client) =>
      [
        ["unary", client, "ok", 4],
        ["unary", client, "NOT_FOUND", 4],
        ["unary", client, "INTERNAL", 4],
        ["unary", client, "plain", 4],
        ["unary with metadata", client, "ok", 4],
        ["unary with options", client, "ok", 4],
        ["unary with both", client, "ok", 4],
        ["in a span", client, "ok", 5],
        ["callback before options", client, "ok", 4],
        ["concurrent", client, "ok", 32],
        ["client stream", client, "ok", 6],
        ["client stream", client, "UNAVAILABLE", 6],
        ["server stream", client, "ok", 6],
        ["server stream", client, "ABORTED", 7],
        ["bidi", client, "ok", 5],
        ["bidi", client, "DATA_LOSS", 6],
        ["makeUnaryRequest", client, "ok", 4],
        ["unimplemented", client, "ok", 2],
      ] as (typeof CALLS)[number][],
  ),
  // Only with the interceptors does a server span end when the caller cancels.
  ["unary with a deadline", "observed", "never", 4],
  ["unary, cancelled", "observed", "never", 4],
  ["server stream with a deadline", "observed", "never", 7],
  // Not `ok`: the handler could end the stream before the cancellation arrives.
  ["server stream, cancelled", "observed", "never", 6],
  ["unary", "down", "ok", 2],
  ["server stream", "down", "ok", 3],
];

describe("this package and OpenTelemetry's instrumentations create the same spans", () => {
  let subjects: Subject[] = [];
  before(async () => {
    subjects = await Promise.all([start("optimized"), start("upstream")]);
    const [ours, theirs] = subjects.map(({ optimized }) => optimized);
    assert.deepEqual(ours, { http: true, client: true, server: true });
    assert.deepEqual(theirs, { http: false, client: false, server: false });
  });
  after(() => {
    for (const { child } of subjects) child.disconnect();
  });

  /** Does the same in both processes and compares the spans. */
  async function compare(count: number, act: (subject: Subject) => Promise<unknown>): Promise<void> {
    const [ours = [], theirs = []] = await Promise.all(
      subjects.map(async (subject) => {
        await act(subject);
        const { spans } = await ask<{ spans: PlainSpan[] }>(subject, { take: count });
        return comparable(spans, subject);
      }),
    );
    assert.deepEqual(ours, theirs);
    assert.equal(ours.length, count, ours.join("\n"));
  }

  for (const [name, text, count, leaves] of REQUESTS)
    it(`for HTTP: ${name}`, () => compare(count, ({ http }) => exchange(http, text, leaves !== undefined)));

  for (const [name, text, count] of TO_HONO)
    it(`for Hono: ${name}`, () => compare(count, ({ hono }) => exchange(hono, text, false)));

  for (const [name, headers, count, leaves] of TO_HTTP2)
    it(`for HTTP/2: ${name}`, () =>
      compare(count, ({ http2 }) => exchangeHttp2(http2, headers, leaves !== undefined)));

  it("for HTTP: 40 concurrent requests", () =>
    compare(160, ({ http }) =>
      Promise.all(
        Array.from({ length: 40 }, (_, index) => {
          const parent = PARENT.replace(TRACE, String(index + 1).padStart(32, "0"));
          return exchange(http, get(`/later?n=${index}`, [parent]), false);
        }),
      ),
    ));

  for (const propagators of ["b3", "b3multi", "none"])
    it(`for HTTP, with OTEL_PROPAGATORS=${propagators}`, async () => {
      const usual = subjects;
      const settings = { OTEL_PROPAGATORS: propagators };
      subjects = await Promise.all([start("optimized", settings), start("upstream", settings)]);
      try {
        const ids = [`X-B3-TraceId: ${TRACE}`, "X-B3-SpanId: b7ad6b7169203331", "X-B3-Sampled: 1"];
        for (const headers of [ids, [`b3: ${TRACE}-b7ad6b7169203331-1`], [PARENT], []])
          await compare(2, ({ http }) => exchange(http, get("/ok", headers), false));
      } finally {
        for (const { child } of subjects) child.disconnect();
        subjects = usual;
      }
    });

  for (const [call, client, request, count] of CALLS)
    it(`for gRPC: ${call}, ${request}, ${client}`, () =>
      compare(count, (subject) => ask(subject, { call: { name: call, client, request } })));
});
