import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { after, describe, test } from "node:test";
import { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { freePort } from "../../test/collector.ts";
import { lokiSender } from "../logs/loki-sender.ts";
import { otlpHttpSender } from "../tracing/otlp-http-sender.ts";
import { otlpSender } from "../tracing/otlp-sender.ts";
import type { TlsFiles } from "./post.ts";
import type { SendResult } from "./queue.ts";
import { redactFromMessages, withoutSecrets } from "./report.ts";
import { certificateHints, reportStalledDelivery } from "./report-stalled.ts";

const STALL_MS = 400;
const DEADLINE_MS = 10_000;

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering = (status: number, type: string, body: string) =>
  listening(
    createHttpServer((_request, response) =>
      response.writeHead(status, { "content-type": type, connection: "close" }).end(body),
    ),
  );

async function grpcWithoutTraces(): Promise<string> {
  const server = new GrpcServer();
  cleanups.push(() => server.forceShutdown());
  return new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    ),
  );
}

/** Servers at an address that is not a receiver's. */
const STRANGERS: Record<string, () => Promise<string>> = {
  nothing: async () => `127.0.0.1:${await freePort()}`,
  "an unknown host": async () => "no-such-host.invalid:4317",
  "a host that never answers": () =>
    listening(createTcpServer((socket) => void cleanups.push(() => socket.destroy()))),
  "a host that closes the connection": () => listening(createTcpServer((socket) => socket.destroy())),
  "another protocol": () => listening(createTcpServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"))),
  "a web page": () => answering(200, "text/html; charset=utf-8", "<!doctype html>"),
  "another HTTP API": () => answering(404, "application/json", '{"error":"no such path"}'),
  "a server that requires a login": () => answering(401, "text/plain", "who are you?"),
  "a redirection": () => answering(302, "text/plain", "elsewhere"),
  "a gRPC server without traces": grpcWithoutTraces,
};

type Send = (attempt: number) => Promise<SendResult>;

const http = (url: string, json: boolean): Send => {
  const { send } = otlpHttpSender({ url, json, timeoutMs: 1000, headers: {}, gzip: false });
  return (attempt) => send(Buffer.alloc(0), attempt);
};

const SENDERS: Record<string, (url: string) => Send> = {
  "OTLP/gRPC": (url) => {
    const sender = otlpSender(url, 1000);
    cleanups.push(() => sender.close());
    return (attempt) => sender.send(Buffer.alloc(0), attempt);
  },
  "OTLP/HTTP": (url) => http(`${url}/v1/traces`, false),
  "OTLP/HTTP with JSON": (url) => http(`${url}/v1/traces`, true),
  "OTLP/HTTP with TLS": (url) => http(`${url.replace("http:", "https:")}/v1/traces`, false),
  Loki: (url) => {
    const send = lokiSender(url);
    return () => send(Buffer.from('{"streams":[]}'));
  },
};

describe("a wrong address", { concurrency: true }, () => {
  for (const [sender, sendTo] of Object.entries(SENDERS))
    for (const [stranger, start] of Object.entries(STRANGERS))
      test(`${sender} to ${stranger} is reported once, with the reason`, async () => {
        const reports: string[] = [];
        const report = (message: string) => void reports.push(message);
        const sendOnce = sendTo(`http://${await start()}`);
        const send = reportStalledDelivery((_payload, attempt) => sendOnce(attempt), {
          items: "things",
          report,
          stallMs: STALL_MS,
        });
        const deadline = performance.now() + DEADLINE_MS;
        for (let attempt = 1; reports.length === 0; attempt += 1) {
          assert.ok(performance.now() < deadline, "nothing was reported");
          const sent = send(undefined, attempt).then((outcome) => assert.ok(!("accepted" in outcome)));
          await Promise.race([sent, new Promise((later) => setTimeout(later, STALL_MS))]);
          await new Promise((later) => setTimeout(later, 20));
        }
        assert.equal(reports.length, 1);
        assert.match(reports[0] ?? "", /^no things delivered for 0\.4 s; last error: \S/);
        assert.doesNotMatch(reports[0] ?? "", /undefined|\[object|TypeError|Error: Error/);
      });
});

const ACCEPTED: SendResult = { accepted: true };
const LATER: SendResult = { retry: true, reason: "Error: down" };
const NEVER: SendResult = { reject: true, reason: "400 malformed" };

test("reports an outage once, after 5 s, and reports when delivery works", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const responses = [NEVER, LATER, LATER, LATER, ACCEPTED, ACCEPTED, LATER, LATER, ACCEPTED];
  const reports: string[] = [];
  const send = reportStalledDelivery(async () => responses.shift() ?? ACCEPTED, {
    items: "things",
    hint: "port 1 is odd",
    report: (message) => void reports.push(message),
  });
  await send("first", 1);
  t.mock.timers.tick(2000);
  await send("second", 1);
  t.mock.timers.tick(2999);
  assert.deepEqual(reports, []);
  t.mock.timers.tick(1);
  const report = "no things delivered for 5 s; last error: down (port 1 is odd)";
  assert.deepEqual(reports, [report]);
  await send("second", 2);
  t.mock.timers.tick(60_000);
  await send("second", 3);
  assert.deepEqual(reports, [report]);
  await send("second", 4);
  assert.deepEqual(reports, [report, "things are delivered now"]);
  await send("third", 1);
  await send("fourth", 1);
  t.mock.timers.tick(4999);
  await send("fourth", 2);
  await send("fourth", 3);
  t.mock.timers.tick(60_000);
  assert.deepEqual(
    reports,
    [report, "things are delivered now"],
    "an outage of less than 5 s is not reported",
  );
});

const CA = { variable: "LOKI_CERTIFICATE", path: "/ca.pem" };
const OWN = { variable: "LOKI_CLIENT_CERTIFICATE", path: "/own.pem" };
const opensslError = (name: string, number: number) =>
  `40ADC235F77F0000:error:0A00045C:SSL routines:ssl3_read_bytes:${name}:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:918:SSL alert number ${number}`;
const REQUIRED = `Error: ${opensslError("tlsv13 alert certificate required", 116)}`;
const REQUIRES = "the receiver requires a certificate: set LOKI_CLIENT_CERTIFICATE and LOKI_CLIENT_KEY";
const REFUSES = "the receiver refuses the certificate in LOKI_CLIENT_CERTIFICATE=/own.pem";
const UNTRUSTED = "Error: self-signed certificate in certificate chain";
/** Errors as Node and grpc-js report them, and the part of the message that names the likely mistake. */
const LIKELY: readonly [error: string, tls: TlsFiles, likely: string][] = [
  [REQUIRED, {}, REQUIRES],
  [REQUIRED, { ca: CA }, REQUIRES],
  [`Error: write EPROTO ${opensslError("tlsv1 alert unknown ca", 48)}`, { cert: OWN }, REFUSES],
  [`Error: ${opensslError("ssl/tls alert bad certificate", 42)}`, { ca: CA, cert: OWN }, REFUSES],
  [
    `14 UNAVAILABLE: No connection established. Last error: ${opensslError("ssl/tls alert certificate expired", 45)}\n (2026-11-29T18:58:34.684Z). Resolution note: `,
    { cert: OWN },
    REFUSES,
  ],
  [`Error: ${opensslError("tlsv1 alert protocol version", 70)}`, { cert: OWN }, "port 1 is odd"],
  [UNTRUSTED, {}, "accepted are certificates of public CAs; for others set LOKI_CERTIFICATE"],
  [UNTRUSTED, { ca: CA }, "accepted are certificates of the CAs in LOKI_CERTIFICATE=/ca.pem"],
];

for (const [reason, tls, likely] of LIKELY)
  test(`the message about "${reason}" with ${Object.keys(tls)} names the likely mistake`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const reports: string[] = [];
    const send = reportStalledDelivery(async () => ({ retry: true, reason }), {
      items: "things",
      hint: "port 1 is odd",
      certificates: certificateHints("LOKI_CERTIFICATE", tls),
      report: (message) => void reports.push(message),
    });
    await send("first", 1);
    t.mock.timers.tick(5000);
    assert.ok(reports[0]?.endsWith(` (${likely})`), reports[0]);
  });

test("credentials that a receiver repeats are not reported", () => {
  redactFromMessages("s3cret", "Bearer t0ken", "t0ken");
  assert.equal(
    withoutSecrets("401 not allowed: Bearer t0ken, me:s3cret@host, t0ken"),
    "401 not allowed: ***, me:***@host, ***",
  );
});
