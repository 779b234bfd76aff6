import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect as connectHttp2, constants, type SecureClientSessionOptions } from "node:http2";
import { get as httpsGet } from "node:https";
import { type AddressInfo, connect as connectTcp, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { before, describe, it, type TestContext } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";
import { type ConnectionOptions, connect, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { credentials as ChannelCredentials, connectivityState } from "@grpc/grpc-js";
import { createAuthority, issueCertificate, type KeyPair } from "@lgtm-lab/certificates";
import type { NumbersParams } from "@lgtm-lab/contracts";
import { ServiceAService, ServiceBClient, ServiceBService } from "@lgtm-lab/contracts/proto";
import {
  createHttpApp,
  get,
  Lifecycle,
  numbersRoute,
  problemResponse,
  requireShortRequest,
  startHttpServer,
  type TlsFiles,
  toProblem,
} from "@lgtm-lab/service-runtime";
import { startGrpcServer } from "@lgtm-lab/service-runtime/grpc";
import {
  grpcTls,
  hasName,
  httpTls,
  mutualTls,
  requireClientCertificate,
  TlsCredentials,
} from "@lgtm-lab/service-runtime/tls";
import { logger, registry } from "@lgtm-lab/telemetry";
import fc from "fast-check";
import { Hono } from "hono";
import waitFor from "p-wait-for";

const HOUR_MS = 3_600_000;
const POLL = { timeout: 5_000, interval: 5 } as const;
const inAnHour = () => new Date(Date.now() + HOUR_MS);
const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS);

let authority: KeyPair;
let other: KeyPair;
let server: KeyPair;

before(async () => {
  authority = await createAuthority();
  other = await createAuthority("another CA");
  server = await issueCertificate(authority, { names: ["service-a", "127.0.0.1"], notAfter: inAnHour() });
});

/** Writes a certificate, its key and a CA into a temporary folder. */
function writeFiles(t: TestContext, { cert, key }: KeyPair, ca = authority.cert) {
  const folder = mkdtempSync(join(tmpdir(), "lab-tls-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  const write = (pair: KeyPair, own = ca) => {
    writeFileSync(path("key.pem"), pair.key);
    writeFileSync(path("cert.pem"), pair.cert);
    writeFileSync(path("ca.pem"), own);
  };
  write({ cert, key });
  const files: TlsFiles = {
    cert: { variable: "TLS_CERT_FILE", path: path("cert.pem") },
    key: { variable: "TLS_KEY_FILE", path: path("key.pem") },
    ca: { variable: "TLS_CA_FILE", path: path("ca.pem") },
  };
  return { files, write };
}

/** Starts the servers of a service that accepts the clients `gateway` and `gateway-rest`, and one for any client. */
async function startService(t: TestContext) {
  const { files } = writeFiles(t, server);
  const tls = mutualTls(files, ["gateway", "gateway-rest"]);
  const { ca: _, ...ownFiles } = files;
  const credentials = new TlsCredentials({ files: ownFiles, role: "server" });
  const lifecycle = new Lifecycle();
  lifecycle.state = "serving";
  const app = createHttpApp({ lifecycle });
  app.use(tls.guard);
  get(app, "/a/hello", (c) => c.text("hello"));
  const http = await startHttpServer(app, "127.0.0.1", 0, { tls: tls.http });
  const edge = await startHttpServer(app, "127.0.0.1", 0, { tls: httpTls(credentials) });
  const grpc = await startGrpcServer({
    name: "pspd.ServiceA",
    definition: ServiceAService,
    implementation: {
      sayHello: (_call: unknown, reply: (error: null, value: object) => void) => reply(null, {}),
    },
    host: "127.0.0.1",
    port: 0,
    tls: tls.grpc,
  });
  t.after(() => {
    tls.credentials.close();
    credentials.close();
    return Promise.all([http, edge, grpc].map((each) => each.drain(AbortSignal.timeout(100))));
  });
  return {
    grpc: grpc.port,
    http: http.port,
    edge: edge.port,
    /** Lets all servers use their files as if they had changed. */
    reload() {
      tls.credentials.useInstead(files);
      credentials.useInstead(ownFiles);
    },
    stopGrpc: () => grpc.drain(AbortSignal.timeout(100)),
  };
}

/** Opens a connection as a client; resolves when it is closed or a first byte has arrived. */
async function open(port: number, options: ConnectionOptions): Promise<"open" | "closed"> {
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca: authority.cert,
    servername: "service-a",
    ALPNProtocols: ["h2"],
    ...options,
  });
  socket.on("error", () => {});
  // The settings of HTTP/2 are the first bytes of the server.
  const outcome = await Promise.race([
    once(socket, "data").then(() => "open" as const),
    once(socket, "close").then(() => "closed" as const),
  ]).catch(() => "closed" as const);
  socket.destroy();
  return outcome;
}

async function failures(reason: string, peer = "client"): Promise<number> {
  const { values } = await (registry.getSingleMetric("tls_handshake_failures_total")?.get() ?? {
    values: [],
  });
  return values.find(({ labels }) => labels.reason === reason && labels.peer === peer)?.value ?? 0;
}

describe("a service with mutual TLS", () => {
  const clients: readonly [what: string, reason: string | undefined, () => Promise<ConnectionOptions>][] = [
    [
      "the certificate of the gateway",
      undefined,
      () => issueCertificate(authority, { names: ["gateway"], notAfter: inAnHour() }),
    ],
    [
      "an expired certificate",
      "expired",
      () => issueCertificate(authority, { names: ["gateway"], notBefore: ago(2), notAfter: ago(1) }),
    ],
    [
      "a certificate that is not valid yet",
      "not_yet_valid",
      () =>
        issueCertificate(authority, {
          names: ["gateway"],
          notBefore: inAnHour(),
          notAfter: new Date(Date.now() + 2 * HOUR_MS),
        }),
    ],
    [
      "a self-signed certificate",
      "untrusted",
      () => issueCertificate(undefined, { names: ["gateway"], notAfter: inAnHour() }),
    ],
    [
      "a certificate of another CA",
      "untrusted",
      () => issueCertificate(other, { names: ["gateway"], notAfter: inAnHour() }),
    ],
    [
      "the certificate of another service",
      "wrong_name",
      () => issueCertificate(authority, { names: ["service-b"], notAfter: inAnHour() }),
    ],
    ["no certificate", "missing", async () => ({})],
  ];
  for (const [what, reason, options] of clients)
    it(`${reason ? "refuses" : "accepts"} a gRPC client with ${what}`, async (t) => {
      const { grpc } = await startService(t);
      const before = reason ? await failures(reason) : 0;
      assert.equal(await open(grpc, await options()), reason ? "closed" : "open");
      if (reason) await waitFor(async () => (await failures(reason)) === before + 1, { timeout: 5_000 });
    });

  /** Opens a connection with TLS 1.2, and begins a further handshake in it. */
  async function openTwice(t: TestContext, port: number, options: object) {
    const socket = connect({
      host: "127.0.0.1",
      port,
      ca: authority.cert,
      servername: "service-a",
      maxVersion: "TLSv1.2",
      ...options,
    });
    t.after(() => socket.destroy());
    await once(socket, "secureConnect");
    await renegotiate(socket);
  }

  /** Begins a further handshake. Rejects if the other side refuses it. */
  async function renegotiate(socket: TLSSocket): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed")));
    socket.resume();
    socket.renegotiate({}, (error) => (error ? reject(error) : resolve()));
    await promise;
  }

  const versions: Readonly<Record<string, readonly [accepted: string[], refused: string[]]>> = {
    TLSv1: [[], ["DEFAULT"]],
    "TLSv1.1": [[], ["DEFAULT"]],
    "TLSv1.2": [
      ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"],
      [
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA",
        "ECDHE-ECDSA-AES128-SHA256",
        "ECDHE-ECDSA-AES256-SHA384",
        "ECDHE-ECDSA-AES128-CCM",
        "ECDHE-ECDSA-AES128-CCM8",
        "ECDHE-ECDSA-ARIA128-GCM-SHA256",
        "ECDHE-ECDSA-CAMELLIA128-SHA256",
        "ECDHE-ECDSA-NULL-SHA",
        "AECDH-AES128-SHA",
        "AECDH-NULL-SHA",
      ],
    ],
    "TLSv1.3": [
      ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"],
      ["TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"],
    ],
  };
  for (const server of ["grpc", "http", "edge"] as const)
    it(`accepts no old version and no weak cipher, and counts them (${server})`, async (t) => {
      const { [server]: port } = await startService(t);
      const gateway = await issueCertificate(authority, { names: ["gateway"], notAfter: inAnHour() });
      for (const [version, [accepted, refused]] of Object.entries(versions))
        for (const cipher of [...accepted, ...refused]) {
          const ciphers = version === "TLSv1.3" ? cipher : `${cipher}:@SECLEVEL=0`;
          const only = { ...gateway, minVersion: version, maxVersion: version, ciphers } as ConnectionOptions;
          const before = await failures("protocol");
          const expected = accepted.includes(cipher) ? "open" : "closed";
          assert.equal(await open(port, only), expected, `${version} ${cipher}`);
          if (expected === "closed")
            await waitFor(async () => (await failures("protocol")) === before + 1, POLL);
          else assert.equal(await failures("protocol"), before);
        }
    });

  /** Sends a request as a client. */
  async function request(port: number, path: string, options: ConnectionOptions) {
    const sent = httpsGet({
      host: "127.0.0.1",
      port,
      path,
      ca: authority.cert,
      servername: "service-a",
      agent: false,
      ...options,
    });
    const [response] = await once(sent, "response");
    response.resume();
    await once(response, "end");
    return response.statusCode;
  }

  it("answers REST requests of the gateway only, and health checks and scrapes of any client", async (t) => {
    const { http } = await startService(t);
    const gateway = await issueCertificate(authority, { names: ["gateway-rest"], notAfter: inAnHour() });
    assert.equal(await request(http, "/a/hello", gateway), 200);
    for (const path of ["/healthz", "/readyz", "/metrics"]) assert.equal(await request(http, path, {}), 200);
    const before = await failures("missing");
    assert.equal(await request(http, "/a/hello", {}), 403);
    assert.equal(await failures("missing"), before + 1);
    const wrong = await issueCertificate(authority, { names: ["service-b"], notAfter: inAnHour() });
    await assert.rejects(request(http, "/healthz", wrong));
  });

  it("checks each request over HTTP/2 too", async (t) => {
    const { http } = await startService(t);
    const gateway = await issueCertificate(authority, { names: ["gateway"], notAfter: inAnHour() });
    const status = async (path: string, options: SecureClientSessionOptions) => {
      const session = connectHttp2(`https://127.0.0.1:${http}`, { ca: authority.cert, ...options });
      t.after(() => session.destroy());
      const [headers] = await once(session.request({ ":path": path }), "response");
      return headers[":status"];
    };
    assert.equal(await status("/a/hello", gateway), 200);
    assert.equal(await status("/healthz", {}), 200);
    assert.equal(await status("/a/hello", {}), 403);
  });

  it("refuses a request if only `authorized` is true, which a later handshake can set", async () => {
    const app = new Hono();
    app.use(requireClientCertificate());
    app.onError((error) => problemResponse(toProblem(error)));
    const incoming = { socket: { authorized: true } };
    assert.equal((await app.request("/a/hello", {}, { incoming })).status, 403);
  });

  for (const reloaded of [false, true])
    it(`refuses a further handshake in a connection${reloaded ? ", also when its certificate has changed" : ""}`, async (t) => {
      const { grpc, http, edge, reload } = await startService(t);
      if (reloaded) reload();
      const gateway = await issueCertificate(authority, { names: ["gateway"], notAfter: inAnHour() });
      // Node itself closes a connection with HTTP/2.
      const http2 = { ALPNProtocols: ["h2"] };
      for (const [port, options, reason] of [
        [grpc, { ...gateway, ...http2 }, { message: "closed" }],
        [http, gateway, { code: "ERR_SSL_NO_RENEGOTIATION" }],
        [http, {}, { code: "ERR_SSL_NO_RENEGOTIATION" }],
        [http, { ...gateway, ...http2 }, { message: "closed" }],
        [edge, {}, { code: "ERR_SSL_NO_RENEGOTIATION" }],
        [edge, http2, { message: "closed" }],
      ] as const)
        await assert.rejects(openTwice(t, port, options), reason);
    });

  it("refuses a further handshake that the server begins, as a client", async (t) => {
    const client = new TlsCredentials({ files: writeFiles(t, server).files, role: "client" });
    t.after(() => client.close());
    const listener = createTlsServer({ ...server, maxVersion: "TLSv1.2" }).listen(0, "127.0.0.1");
    t.after(() => listener.close());
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    const accepted = once(listener, "secureConnection");
    const socket = connect({
      host: "127.0.0.1",
      port,
      secureContext: client.context,
      servername: "service-a",
    });
    t.after(() => socket.destroy());
    await assert.rejects(renegotiate((await accepted)[0]), { code: "ERR_SSL_NO_RENEGOTIATION" });
  });

  it("closes a gRPC connection without a complete handshake when it stops", async (t) => {
    const { stopGrpc, grpc } = await startService(t);
    const socket = connectTcp(grpc, "127.0.0.1");
    socket.on("error", () => {});
    const closed = once(socket.resume(), "close", { signal: AbortSignal.timeout(5_000) });
    await once(socket, "connect");
    // The server has accepted the connection before when this one is open.
    const gateway = await issueCertificate(authority, { names: ["gateway"], notAfter: inAnHour() });
    assert.equal(await open(grpc, gateway), "open");
    await stopGrpc();
    await closed;
  });
});

async function reloads(certificate: string, outcome: string): Promise<number> {
  const { values } = await (registry.getSingleMetric("tls_certificate_reloads_total")?.get() ?? {
    values: [],
  });
  return (
    values.find(({ labels }) => labels.certificate === certificate && labels.outcome === outcome)?.value ?? 0
  );
}

const pem = (label: string, base64: string) =>
  `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;

/** A certificate until 2109 with a key of 192 bits, which is its own, but too short for OpenSSL. */
const WEAK: KeyPair = {
  cert: pem(
    "CERTIFICATE",
    "MIIBVTCCAQugAwIBAgIUDwFs23Z2FChtJ5lxiCCUHwN7mvYwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEd2VhazAgFw0yNjEx" +
      "MjkxNTQxMjFaGA8yMTA5MDExODE1NDEyMVowDzENMAsGA1UEAwwEd2VhazBJMBMGByqGSM49AgEGCCqGSM49AwEBAzIABORP" +
      "S8ROywy5Imh6wkJuKgCM2UHec2bpZt1aoTcwrm//mrxZWKSk+LJXRO35XxZKfKNTMFEwHQYDVR0OBBYEFJhULgxeda7qzH7Y" +
      "06MWcSQAVbjIMB8GA1UdIwQYMBaAFJhULgxeda7qzH7Y06MWcSQAVbjIMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID" +
      "OAAwNQIZAL8KnFxbn7zhdKRhHcPfx7Y1Jc+gaEsmYwIYXjcZNp7dqEO3Vz2DJWx5kP8UI3+rfGMh",
  ),
  key: pem(
    "PRIVATE KEY",
    "MG8CAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQEEVTBTAgEBBBhU36mbLiIazFTYlQJXKqhuyjd+j+GKdN+hNAMyAATkT0vETssM" +
      "uSJoesJCbioAjNlB3nNm6WbdWqE3MK5v/5q8WVikpPiyV0Tt+V8WSnw=",
  ),
};

/** Makes a file unreadable, for root too: it becomes a symbolic link to itself. */
function replaceByLoop(path: string): void {
  rmSync(path);
  symlinkSync(path, path);
}

describe("the files of a certificate", () => {
  const key = (pair: KeyPair) => ({ cert: server.cert, key: pair.key });
  it("are checked at the start, with a message that names the variable", async (t) => {
    const make = (pair: KeyPair, ca?: string) => {
      const { files } = writeFiles(t, pair, ca);
      return () => new TlsCredentials({ files, role: "server" }).close();
    };
    make(server)();
    assert.throws(
      make(key(other)),
      /^Error: TLS_KEY_FILE=\S+ cannot be used: it is not the private key of TLS_CERT_FILE\.$/,
    );
    assert.throws(
      make({ ...server, key: "x" }),
      /TLS_KEY_FILE=\S+ cannot be used: it contains no private key in PEM/,
    );
    assert.throws(
      make({ ...server, cert: "x" }),
      /TLS_CERT_FILE=\S+ cannot be used: it contains no certificate in PEM/,
    );
    assert.throws(
      make(server, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
      /TLS_CA_FILE=\S+ cannot be used: it contains a certificate that is not valid/,
    );
    const missing = { variable: "TLS_CERT_FILE", path: "/nowhere/cert.pem" };
    const { files } = writeFiles(t, server);
    assert.throws(
      () => new TlsCredentials({ files: { ...files, cert: missing }, role: "server" }),
      /TLS_CERT_FILE=\/nowhere\/cert.pem cannot be used: .*ENOENT/,
    );
    replaceByLoop(files.key.path);
    assert.throws(
      () => new TlsCredentials({ files, role: "server" }),
      /TLS_KEY_FILE=\S+ cannot be used: .*ELOOP/,
    );
  });

  it("stay in use when the files become unreadable, until they are readable again", async (t) => {
    const { files } = writeFiles(t, server);
    const credentials = new TlsCredentials({ files, role: "client", checkMs: 5 });
    t.after(() => credentials.close());
    const { context } = credentials;
    const before = [await reloads("client", "ok"), await reloads("client", "failed")];
    replaceByLoop(files.cert.path);
    await waitFor(async () => (await reloads("client", "failed")) === Number(before[1]) + 1, POLL);
    assert.equal(credentials.context, context);
    rmSync(files.cert.path);
    writeFileSync(files.cert.path, server.cert);
    await waitFor(async () => (await reloads("client", "ok")) === Number(before[0]) + 1, POLL);
    assert.notEqual(credentials.context, context);
  });

  it("are read again when they change; files that cannot be used do not replace others", async (t) => {
    const { files, write } = writeFiles(t, server);
    const credentials = new TlsCredentials({ files, role: "client", checkMs: 5 });
    t.after(() => credentials.close());
    const changed = async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      credentials.onChange(resolve);
      await promise;
    };
    const { context } = credentials;
    // The credentials of services in other tests count as `server`.
    const before = await reloads("client", "failed");
    write(key(other));
    await waitFor(async () => (await reloads("client", "failed")) === before + 1, POLL);
    assert.equal(credentials.context, context);
    const lasts = async () => {
      const { values } = await (registry
        .getSingleMetric("tls_certificate_not_after_timestamp_seconds")
        ?.get() ?? { values: [] });
      return values.find(({ labels }) => labels.certificate === "client")?.value;
    };
    const until = await lasts();
    write(WEAK);
    await waitFor(async () => (await reloads("client", "failed")) === before + 2, POLL);
    assert.equal(await lasts(), until, "the certificate in use is still the old one");
    const renewed = await issueCertificate(authority, {
      names: ["service-a"],
      notAfter: new Date("2099-01-01T00:00:00Z"),
    });
    write(renewed);
    await changed();
    assert.notEqual(credentials.context, context);
    assert.equal(await lasts(), Date.parse("2099-01-01T00:00:00Z") / 1000);
  });

  for (const { order, caFirst } of [
    { order: "all files are replaced together", caFirst: false },
    { order: "the CA is replaced first", caFirst: true },
  ])
    it(`of a new CA are used only when the other side has had time to read the CA: ${order}`, async (t) => {
      const { files, write } = writeFiles(t, server);
      const newCaMs = 200;
      const credentials = new TlsCredentials({ files, role: "client", checkMs: 5, newCaMs });
      t.after(() => credentials.close());
      const first = credentials.options.cert;
      const states: string[] = [];
      credentials.onChange(() => {
        const { cert, ca } = credentials.options;
        states.push(`${cert === first ? "old" : "new"} certificate, ${[ca].flat().length} CAs`);
      });
      const authorities = authority.cert + other.cert;
      const renewed = await issueCertificate(other, { names: ["service-a"], notAfter: inAnHour() });
      const began = performance.now();
      if (caFirst) {
        write(server, authorities);
        await waitFor(() => states.length > 0, POLL);
      }
      write(renewed, authorities);
      await waitFor(() => states.at(-1) === "new certificate, 2 CAs", POLL);
      assert.ok(performance.now() - began >= newCaMs);
      // Servers set their context in this function.
      const seen = caFirst ? [...new Set(states)] : states;
      assert.deepEqual(seen, ["old certificate, 2 CAs", "new certificate, 2 CAs"]);
    });
});

describe("an HTTP server with TLS", () => {
  async function start(t: TestContext, limits = {}, tlsOptions = {}) {
    const { files, write } = writeFiles(t, server);
    const credentials = new TlsCredentials({ files, role: "server", checkMs: 5 });
    t.after(() => credentials.close());
    const lifecycle = new Lifecycle();
    lifecycle.state = "serving";
    const app = createHttpApp({ lifecycle, guard: requireShortRequest() });
    const aborted = Promise.withResolvers<void>();
    get(app, "/wait", async (c) => {
      c.req.raw.signal.addEventListener("abort", () => aborted.resolve());
      await aborted.promise;
      return c.text("late");
    });
    const slow = Promise.withResolvers<void>();
    let running = false;
    get(app, "/slow", async (c) => {
      running = true;
      await slow.promise;
      return c.text("done");
    });
    const valuesOf = (count: number) => Array.from({ length: count }, (_, n) => n);
    /** All values at once; with a delay, after it. */
    async function* late({ count, delay_ms }: NumbersParams) {
      await setTimeout(delay_ms);
      yield* valuesOf(count);
    }
    const numbers = {
      stream: (params: NumbersParams) => (params.delay_ms === 0 ? valuesOf(params.count) : late(params)),
    };
    get(app, "/numbers", numbersRoute(lifecycle, numbers), { streams: true });
    // More than the buffers of both systems.
    get(app, "/large", (c) => {
      running = true;
      return c.text("x".repeat(2 ** 25));
    });
    get(app, "/hello", (c) => c.text(`hello ${new URL(c.req.url).protocol}`));
    const http = await startHttpServer(app, "127.0.0.1", 0, {
      tls: httpTls(credentials, tlsOptions),
      ...limits,
    });
    t.after(() => http.drain(AbortSignal.timeout(100)));
    const client = (options: SecureClientSessionOptions = {}) => {
      const session = connectHttp2(`https://127.0.0.1:${http.port}`, { ca: authority.cert, ...options });
      session.on("error", () => {});
      t.after(() => session.destroy());
      return session;
    };
    const finish = () => slow.resolve();
    const waiting = { running: () => running, finish, aborted: aborted.promise };
    return { http, client, write, credentials, ...waiting };
  }
  type Session = ReturnType<typeof connectHttp2>;

  /** Sends a request over HTTP/2. */
  async function request(session: Session, path: string, headers = {}, content?: string) {
    const stream = session.request({ ":path": path, ...headers }, { endStream: content === undefined });
    if (content !== undefined) stream.write(content);
    const [response] = await once(stream, "response");
    let text = "";
    stream.on("data", (chunk) => {
      text += chunk;
    });
    await once(stream, "close");
    return { status: response[":status"], headers: response, text };
  }

  it("answers over HTTP/2, and over HTTP/1.1 for clients without it", async (t) => {
    const { http, client } = await start(t);
    const { status, text } = await request(client(), "/hello");
    assert.deepEqual([status, text], [200, "hello https:"]);
    const sent = httpsGet({
      host: "127.0.0.1",
      port: http.port,
      path: "/hello",
      ca: authority.cert,
      agent: false,
    });
    const [response] = await once(sent, "response");
    assert.deepEqual([response.statusCode, response.httpVersion], [200, "1.1"]);
    response.resume();
  });

  it("sends event streams, and refuses a GET request with content", async (t) => {
    const { client } = await start(t);
    const session = client();
    const { status, text } = await request(session, "/numbers?count=2", { accept: "text/event-stream" });
    assert.equal(status, 200);
    assert.match(text, /event: number[\s\S]*event: number[\s\S]*event: end/);
    assert.equal((await request(session, "/numbers?count=2", {}, "content")).status, 413);
    assert.equal(
      (await request(session, "/hello", { "x-long": "x".repeat(20_000) }).catch(() => ({ status: 0 })))
        .status,
      0,
    );
    assert.equal((await request(session, "/numbers", { ":method": "POST" }, "content")).status, 405);
    assert.equal((await request(session, "/hello")).status, 200);
  });

  it("ends the work for a stream that the client resets", async (t) => {
    const { client, aborted } = await start(t);
    const session = client();
    const stream = session.request({ ":path": "/wait" });
    stream.on("error", () => {});
    stream.end();
    await once(session, "remoteSettings");
    stream.close(constants.NGHTTP2_CANCEL);
    await aborted;
    // It is counted like a client of HTTP/1.1 that disconnects.
    const line = 'http_route="/wait",http_response_status_code="499"} 1';
    await waitFor(async () => (await registry.metrics()).includes(line), { timeout: 5_000 });
  });

  it("closes a connection that resets many streams (rapid reset)", { timeout: 10_000 }, async (t) => {
    const { http, client } = await start(t);
    // The client of Node does not notice that the server closes its connection, but a proxy does.
    const closed = Promise.withResolvers<void>();
    const proxy = createServer((socket) => {
      const upstream = connectTcp(http.port, "127.0.0.1");
      for (const each of [socket, upstream]) each.on("error", () => {});
      upstream.on("close", () => closed.resolve());
      socket.pipe(upstream).pipe(socket);
    }).listen(0, "127.0.0.1");
    t.after(() => proxy.close());
    await once(proxy, "listening");
    const { port } = proxy.address() as AddressInfo;
    const createConnection = () =>
      connect({ host: "127.0.0.1", port, ca: authority.cert, ALPNProtocols: ["h2"] });
    const session = client({ createConnection });
    await once(session, "remoteSettings");
    for (let n = 0; n < 3_000 && !session.closed; n += 1) {
      const stream = session.request({ ":path": "/wait" });
      stream.on("error", () => {});
      stream.close(constants.NGHTTP2_CANCEL);
      if (n % 50 === 0) await setImmediate();
    }
    await closed.promise;
    assert.equal((await request(client(), "/hello")).status, 200);
  });

  it("closes connections without a request", async (t) => {
    const { client } = await start(t, { timeouts: SHORT });
    const session = client();
    await once(session, "remoteSettings");
    await once(session, "close");
  });

  it("resets a stream with too many or too long header fields, and answers others", async (t) => {
    const { client } = await start(t);
    const session = client();
    // With the four pseudo-header fields, the limit is 100.
    const fields = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, "y"]));
    assert.equal((await request(session, "/hello", fields(96))).status, 200);
    assert.equal((await request(session, "/hello", { "x-long": "y".repeat(15 * 1024) })).status, 200);
    for (const headers of [fields(97), fields(2_000), { "x-long": "y".repeat(17 * 1024) }]) {
      const stream = session.request({ ":path": "/hello", ...headers });
      await assert.rejects(once(stream, "response"), /NGHTTP2_ENHANCE_YOUR_CALM/);
      assert.equal((await request(session, "/hello")).status, 200);
    }
  });

  /** The time limits of a test. */
  const SHORT = { headersMs: 100, requestMs: 100, checkMs: 10 };

  /** A frame of HTTP/2 (RFC 9113, section 4.1). */
  function frame(type: number, flags: number, stream: number, content = Buffer.alloc(0)): Buffer {
    const header = Buffer.alloc(9);
    header.writeUIntBE(content.length, 0, 3);
    header[3] = type;
    header[4] = flags;
    header.writeUInt32BE(stream, 5);
    return Buffer.concat([header, content]);
  }
  const [HEADERS, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION] = [1, 4, 6, 8, 9];
  const [END_STREAM, END_HEADERS, INITIAL_WINDOW_SIZE] = [1, 4, 4];
  /** The headers of a request, as HPACK has them with its static table: `:method`, `:scheme`, `:authority`, `:path`. */
  const requestFor = (path: string) =>
    Buffer.concat([Buffer.from([0x82, 0x87, 1, 1, 120, 4, path.length]), Buffer.from(path)]);
  /** A header field that is not added to the HPACK table: `x: y`. */
  const FIELD = Buffer.from([0, 1, 120, 1, 121]);

  /** Opens a connection whose client sends what it is given. */
  async function openRaw(t: TestContext, port: number, ...settings: readonly [id: number, value: number][]) {
    const socket = connect({ host: "127.0.0.1", port, ca: authority.cert, ALPNProtocols: ["h2"] });
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    await once(socket, "secureConnect");
    const content = Buffer.alloc(settings.length * 6);
    for (const [index, [id, value]] of settings.entries()) {
      content.writeUInt16BE(id, index * 6);
      content.writeUInt32BE(value, index * 6 + 2);
    }
    socket.write(
      Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(SETTINGS, 0, 0, content)]),
    );
    return { socket, closed };
  }

  it("accepts headers in nine frames", { timeout: 10_000 }, async (t) => {
    const { http, running } = await start(t);
    const { socket } = await openRaw(t, http.port);
    socket.write(frame(HEADERS, END_STREAM, 1, requestFor("/slow")));
    for (let n = 1; n <= 8; n += 1) socket.write(frame(CONTINUATION, n === 8 ? END_HEADERS : 0, 1, FIELD));
    await waitFor(running, POLL);
  });

  for (const [what, content] of [
    ["empty", Buffer.alloc(0)],
    ["small", FIELD],
    ["large", Buffer.concat(Array.from({ length: 3_000 }, () => FIELD))],
  ] as const)
    it(`closes a connection that continues the headers of a request endlessly (${what} frames)`, {
      timeout: 10_000,
    }, async (t) => {
      const { http, client } = await start(t);
      const { socket, closed } = await openRaw(t, http.port);
      socket.resume();
      socket.write(frame(HEADERS, END_STREAM, 1, requestFor("/hello")));
      let sent = 0;
      for (; socket.writable && sent < 10_000; sent += 1) {
        if (!socket.write(frame(CONTINUATION, 0, 1, content)))
          await Promise.race([once(socket, "drain"), closed]);
        else if (sent % 50 === 0) await setImmediate();
      }
      await closed;
      assert.ok(sent < 10_000);
      assert.equal((await request(client(), "/hello")).status, 200);
    });

  it("closes a connection whose first headers do not end", { timeout: 10_000 }, async (t) => {
    const { http } = await start(t, { timeouts: SHORT });
    const { socket, closed } = await openRaw(t, http.port);
    socket.resume();
    socket.write(frame(HEADERS, END_STREAM, 1, requestFor("/hello")));
    await closed;
  });

  it("resets the stream of a client that does not read the response, and answers others", async (t) => {
    const { client } = await start(t, { timeouts: SHORT });
    const events = { accept: "text/event-stream" };
    for (const [query, headers] of [
      ["count=1000", {}],
      ["count=1000", events],
      // The first values come after the limit.
      ["count=200&delay_ms=250", events],
    ] as const) {
      const session = client({ settings: { initialWindowSize: 0 } });
      const stream = session.request({ ":path": `/numbers?${query}`, ...headers });
      const [response] = await once(stream, "response");
      assert.equal(response[":status"], 200);
      stream.resume();
      await once(stream, "close", { signal: AbortSignal.timeout(5_000) });
      assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL);
      assert.equal((await request(client(), "/hello")).status, 200);
    }
  });

  /** Opens a connection, and sends a request without reading the response. */
  async function openDeaf(t: TestContext, port: number) {
    const { socket, closed } = await openRaw(t, port, [INITIAL_WINDOW_SIZE, 2 ** 31 - 1]);
    socket.pause();
    const window = Buffer.alloc(4);
    window.writeUInt32BE(2 ** 30);
    socket.write(frame(WINDOW_UPDATE, 0, 0, window));
    socket.write(frame(HEADERS, END_STREAM | END_HEADERS, 1, requestFor("/large")));
    return { socket, closed };
  }
  it("closes the connection of a client that reads nothing at all", { timeout: 10_000 }, async (t) => {
    const { http } = await start(t, { timeouts: SHORT });
    const { socket, closed } = await openDeaf(t, http.port);
    // Without reading, only a failed write shows that the connection is closed.
    while (socket.writable) {
      socket.write(frame(PING, 0, 0, Buffer.alloc(8)));
      await setTimeout(10);
    }
    await closed;
  });

  it("does not wait for a client that reads nothing at all when the signal aborts", {
    timeout: 10_000,
  }, async (t) => {
    const { http, running } = await start(t);
    await openDeaf(t, http.port);
    await waitFor(running, POLL);
    await http.drain(AbortSignal.timeout(100));
  });

  it("completes a running request when it stops, and closes HTTP/2 connections", {
    timeout: 10_000,
  }, async (t) => {
    const { http, client, running, finish } = await start(t);
    const session = client();
    const closed = once(session, "close");
    const response = request(session, "/slow");
    await waitFor(() => running(), POLL);
    const closeSignal = AbortSignal.timeout(5_000);
    const drained = http.drain(closeSignal);
    await once(session, "goaway");
    finish();
    assert.deepEqual([(await response).status, (await response).text], [200, "done"]);
    await drained;
    assert.equal(closeSignal.aborted, false);
    await closed;
  });

  it("does not wait for clients that do not complete the handshake when it stops", async (t) => {
    const { http } = await start(t);
    const sockets = ["", "\x16\x03\x01"].map((sent) => {
      const socket = connectTcp(http.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(sent);
      return socket.resume();
    });
    const closed = sockets.map((socket) => once(socket, "close"));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const closeSignal = AbortSignal.timeout(5_000);
    await http.drain(closeSignal);
    assert.equal(closeSignal.aborted, false);
    await Promise.all(closed);
  });

  it("closes a connection of a client with a certificate after a time, for HTTP/2 too", async (t) => {
    const { client } = await start(t, {}, { clients: ["gateway"], maxConnectionMs: 100 });
    const gateway = await issueCertificate(authority, { names: ["gateway"], notAfter: inAnHour() });
    const session = client(gateway);
    const closed = once(session, "close", { signal: AbortSignal.timeout(5_000) });
    assert.equal((await request(session, "/hello")).status, 200);
    await closed;
  });

  it("uses a changed certificate for new connections, and keeps the others", async (t) => {
    const { client, write, credentials } = await start(t);
    const serial = (session: Session) =>
      (session.socket as unknown as TLSSocket).getPeerX509Certificate()?.serialNumber;
    const old = client();
    await request(old, "/hello");
    const renewed = await issueCertificate(authority, { names: ["127.0.0.1"], notAfter: inAnHour() });
    const { promise, resolve } = Promise.withResolvers<void>();
    credentials.onChange(resolve);
    write(renewed);
    await promise;
    const next = client();
    assert.equal((await request(next, "/hello")).status, 200);
    assert.notEqual(serial(next), serial(old));
    assert.equal((await request(old, "/hello")).status, 200);
  });
});

describe("a service with mutual TLS that stops", { concurrency: true }, () => {
  /** Starts a service whose streams have 20 numbers, and pause after the first one until `release` is called. */
  async function start(t: TestContext) {
    const { files, write } = writeFiles(t, server);
    const credentials = new TlsCredentials({ files, role: "server", checkMs: 5 });
    t.after(() => credentials.close());
    const released = Promise.withResolvers<void>();
    let ended = false;
    async function* numbers() {
      yield 1;
      await released.promise;
      for (let value = 2; value <= 20; value += 1) {
        await setTimeout(5);
        yield value;
      }
      ended = true;
    }
    const lifecycle = new Lifecycle();
    lifecycle.state = "serving";
    const app = createHttpApp({ lifecycle });
    get(app, "/numbers", numbersRoute(lifecycle, { stream: numbers }), { streams: true });
    const clients = ["gateway"];
    const http = await startHttpServer(app, "127.0.0.1", 0, { tls: httpTls(credentials, { clients }) });
    const grpc = await startGrpcServer({
      name: "pspd.ServiceB",
      definition: ServiceBService,
      implementation: {
        async streamNumbers(call: Writable) {
          for await (const value of numbers()) call.write({ value });
          call.end();
        },
      },
      host: "127.0.0.1",
      port: 0,
      tls: grpcTls(credentials, { clients }),
    });
    const drain = (closeSignal: AbortSignal) =>
      Promise.all([http, grpc].map((each) => each.drain(closeSignal))).then(() => ({ ended }));
    t.after(() => {
      released.resolve();
      return drain(AbortSignal.timeout(100));
    });
    async function change() {
      const { promise, resolve } = Promise.withResolvers<void>();
      credentials.onChange(resolve);
      write(await issueCertificate(authority, { names: ["127.0.0.1"], notAfter: inAnHour() }));
      await promise;
    }
    return { http: http.port, grpc: grpc.port, release: released.resolve, drain, change };
  }

  /** A stream that a client reads. */
  interface Stream {
    /** Resolves at the end with how many numbers there were. Rejects if the stream ends with an error. */
    readonly count: Promise<number>;
    /** Resolves when the server asks the client to connect again. */
    readonly reconnect: Promise<unknown>;
  }

  /** Opens a stream as a client with a protocol. Resolves when the first number has arrived. */
  const CLIENTS: Record<string, (t: TestContext, ports: { http: number; grpc: number }) => Promise<Stream>> =
    {
      async gRPC(t, { grpc }) {
        const { cert, key } = await issueCertificate(authority, { names: ["gateway"], notAfter: inAnHour() });
        const [ca, ...own] = [authority.cert, key, cert].map((text) => Buffer.from(text)) as [
          Buffer,
          Buffer,
          Buffer,
        ];
        const client = new ServiceBClient(`127.0.0.1:${grpc}`, ChannelCredentials.createSsl(ca, ...own));
        t.after(() => client.close());
        const stream = client.streamNumbers({ count: 20, delayMs: 0 });
        const count = countOf(stream, () => 1);
        await Promise.race([once(stream, "data"), count]);
        const isConnected = () => client.getChannel().getConnectivityState(false) === connectivityState.READY;
        return { count, reconnect: waitFor(() => !isConnected(), POLL) };
      },
      async "HTTP/2"(t, { http }) {
        const pair = await issueCertificate(authority, { names: ["gateway"], notAfter: inAnHour() });
        const session = connectHttp2(`https://127.0.0.1:${http}`, { ca: authority.cert, ...pair });
        session.on("error", () => {});
        t.after(() => session.destroy());
        const stream = session.request({ ":path": "/numbers?count=20", accept: "text/event-stream" });
        const count = countOf(stream, eventsIn);
        await Promise.race([once(stream, "data"), count]);
        return { count, reconnect: once(session, "goaway", { signal: AbortSignal.timeout(5_000) }) };
      },
    };

  const eventsIn = (chunk: unknown) => String(chunk).split("event: number").length - 1;

  /** Reads a stream to its end, and counts its numbers. */
  async function countOf(stream: Readable, numbersIn: (chunk: unknown) => number): Promise<number> {
    let count = 0;
    for await (const chunk of stream) count += numbersIn(chunk);
    return count;
  }

  for (const [protocol, openStream] of Object.entries(CLIENTS))
    for (const changed of [false, true]) {
      const when = changed ? ", also if its certificate has changed before" : "";
      it(`completes a stream over ${protocol}${when}`, { timeout: 20_000 }, async (t) => {
        const { drain, release, change, ...ports } = await start(t);
        const stream = await openStream(t, ports);
        if (changed) {
          await change();
          await stream.reconnect;
        }
        const closeSignal = AbortSignal.timeout(10_000);
        const drained = drain(closeSignal);
        release();
        assert.deepEqual(await drained, { ended: true }, "it did not wait for the stream");
        assert.equal(await stream.count, 20);
        assert.equal(closeSignal.aborted, false, "it did not notice that all streams had ended");
      });

      it(`ends a stream over ${protocol} when the signal aborts${when}`, { timeout: 20_000 }, async (t) => {
        const { drain, change, release: _, ...ports } = await start(t);
        const stream = await openStream(t, ports);
        if (changed) {
          await change();
          await stream.reconnect;
        }
        const closeSignal = AbortSignal.timeout(100);
        assert.deepEqual(await drain(closeSignal), { ended: false });
        assert.equal(closeSignal.aborted, true, "it did not wait for the stream");
        assert.notEqual(await stream.count.catch(() => "an error"), 20);
      });
    }
});

/** PEM with a label, of any bytes. */
const pemOf = (label: string, bytes: Uint8Array) =>
  `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString("base64").replace(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`;

/** Replaces some bytes, at positions that are shares of the length. */
function garbled(text: string | Buffer, changes: readonly (readonly [at: number, byte: number])[]): Buffer {
  const bytes = Buffer.from(text);
  for (const [at, byte] of changes) bytes[Math.floor(at * (bytes.length - 1))] = byte;
  return bytes;
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const changes = fc.array(fc.tuple(share, fc.nat(255)), { minLength: 1, maxLength: 8 });

/** What can be in a file, made from its valid text. */
const contents: fc.Arbitrary<(valid: string) => string | Buffer> = fc.oneof(
  share.map((length) => (valid: string) => valid.slice(0, length * valid.length)),
  changes.map((each) => (valid: string) => garbled(valid, each)),
  changes.map((each) => (valid: string) => {
    const [, label = "", base64 = ""] = /BEGIN (.+?)-----([\s\S]+?)-----END/.exec(valid) ?? [];
    return pemOf(label, garbled(Buffer.from(base64, "base64"), each));
  }),
  fc.uint8Array({ maxLength: 4096 }).map((bytes) => () => Buffer.from(bytes)),
  fc.uint8Array({ maxLength: 4096 }).map((bytes) => () => pemOf("CERTIFICATE", bytes)),
  fc
    .constantFrom("", "\n", "\0", "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n")
    .map((text) => () => text),
  // Another pair, a key in place of a certificate, the wrong order, chains without an end, files that are too large.
  fc.constantFrom(
    () => server.key,
    () => server.cert,
    () => authority.cert,
    () => other.cert + server.cert,
    () => server.cert + authority.cert.repeat(20) + other.cert.repeat(20),
    (valid: string) => valid.repeat(5000),
    () => "-----BEGIN CERTIFICATE-----".repeat(38_000),
    () => `-----BEGIN CERTIFICATE-----${"A".repeat(1_000_000)}-----END CERTIFICATE-----`,
  ),
);

describe("arbitrary certificate files", () => {
  it("are either loaded or rejected, with one count and at most one log line, and never end the process", async (t) => {
    const { files, write } = writeFiles(t, server);
    t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
    const errors = t.mock.method(logger, "error", () => {});
    // The credentials of services in other tests count as `server`.
    const credentials = new TlsCredentials({ files, role: "client", checkMs: 1, newCaMs: 1 });
    t.after(() => credentials.close());
    const outcomes = { ok: 0, failed: 0 };
    const change = async (act: () => void) => {
      const before = [await reloads("client", "ok"), await reloads("client", "failed")];
      act();
      const began = performance.now();
      for (let ms = 0; ms < 4; ms += 1) t.mock.timers.tick(1);
      assert.ok(performance.now() - began < 2_000, "it takes too long");
      const after = [await reloads("client", "ok"), await reloads("client", "failed")];
      return after.map((value, index) => value - (before[index] ?? 0));
    };
    const valid = { cert: server.cert, key: server.key, ca: authority.cert };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("cert", "key", "ca"), contents, async (part, content) => {
        const { context } = credentials;
        errors.mock.resetCalls();
        const path = files[part]?.path ?? "";
        const [ok, failed] = await change(() => writeFileSync(path, content(valid[part])));
        assert.deepEqual([ok, failed].toSorted(), [0, 1]);
        outcomes[ok ? "ok" : "failed"] += 1;
        if (failed) assert.equal(credentials.context, context, "the old certificate stays in use");
        assert.equal(errors.mock.callCount(), failed);
        assert.deepEqual(await change(() => write(server)), [1, 0]);
      }),
      { numRuns: 150 },
    );
    assert.ok(outcomes.failed > 30, JSON.stringify(outcomes));
  });

  it("that are not files are refused without reading them", (t) => {
    const { files } = writeFiles(t, server);
    for (const path of ["/dev/zero", "/", "/proc/self/fd"])
      assert.throws(
        () => new TlsCredentials({ files: { ...files, cert: { ...files.cert, path } }, role: "server" }),
        { message: `TLS_CERT_FILE=${path} cannot be used: it is not a file.` },
      );
  });
});

describe("arbitrary certificates of clients", () => {
  const label = fc.stringMatching(/^[a-z0-9*.-]{1,20}$/);
  const name = fc.oneof(
    label,
    fc.constantFrom(
      "gateway",
      "GATEWAY",
      "gateway.",
      ".gateway",
      "*",
      "*.gateway",
      "gatewa*",
      "gateway\0",
      "gateway\0.example.test",
      "\0gateway",
      "gateway,DNS:gateway",
      "x, DNS:gateway",
      "127.0.0.1",
      "::1",
      "x".repeat(60_000),
      `${"a.".repeat(2_000)}gateway`,
    ),
  );
  const date = fc.date({ min: new Date("1900-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
  /** Before 1970, and the last time that a certificate can contain. */
  const validity = fc.oneof(
    fc.tuple(date, date),
    fc.constantFrom(
      [new Date("1950-01-01"), new Date("9999-12-31T23:59:59Z")],
      [new Date("1900-01-01"), new Date("1969-12-31")],
      [new Date("9999-12-31"), new Date("1950-01-01")],
    ),
  );

  it("have a name only if it is one of their DNS names", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(name, { minLength: 1, maxLength: 5 }),
        validity,
        async (names, [from, to]) => {
          const { cert } = await issueCertificate(authority, {
            names,
            commonName: "gateway",
            notBefore: from ?? ago(1),
            notAfter: to ?? inAnHour(),
          });
          const expected = names.some((each) => each.toLowerCase() === "gateway");
          assert.equal(hasName(new X509Certificate(cert), "gateway"), expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("are accepted only if they are valid now and have the name, and bytes that are not TLS end no server", async (t) => {
    const { http, grpc } = await startService(t);
    const total = async () => {
      const { values } = (await registry.getSingleMetric("tls_handshake_failures_total")?.get()) ?? {
        values: [],
      };
      return values.reduce((sum, { value }) => sum + value, 0);
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(name, { minLength: 1, maxLength: 3 }),
        validity,
        async (names, [from, to]) => {
          const notBefore = from ?? ago(1);
          const notAfter = to ?? inAnHour();
          const pair = await issueCertificate(authority, {
            names,
            commonName: "client",
            notBefore,
            notAfter,
          });
          const isValid = notBefore.getTime() <= Date.now() && Date.now() <= notAfter.getTime();
          const accepted = isValid && names.some((each) => each.toLowerCase() === "gateway");
          for (const port of [grpc, http]) {
            const before = await total();
            assert.equal(await open(port, pair), accepted ? "open" : "closed");
            if (!accepted) await waitFor(async () => (await total()) > before, POLL);
          }
        },
      ),
      { numRuns: 30 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 600 }),
        fc.boolean(),
        async (bytes, isRecord) => {
          const socket = connectTcp(grpc, "127.0.0.1");
          socket.on("error", () => {});
          // The header of a record with a ClientHello, and any content.
          const header = [22, 3, 1, bytes.length >> 8, bytes.length & 255];
          socket.end(isRecord ? Buffer.from([...header, ...bytes]) : bytes);
          socket.resume();
          await once(socket, "close");
        },
      ),
      { numRuns: 50 },
    );
    const gateway = await issueCertificate(authority, { names: ["gateway"], notAfter: inAnHour() });
    for (const port of [grpc, http]) assert.equal(await open(port, gateway), "open");
  });
});
