import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createAuthority, issueCertificate, type KeyPair } from "@lgtm-lab/certificates";
import { PROTOCOLS, type Protocol } from "@lgtm-lab/contracts";
import { ServiceAService } from "@lgtm-lab/contracts/proto";
import { createHttpApp, get, helloRoute, Lifecycle, startHttpServer } from "@lgtm-lab/service-runtime";
import { startGrpcServer } from "@lgtm-lab/service-runtime/grpc";
import { mutualTls } from "@lgtm-lab/service-runtime/tls";
import { registry } from "@lgtm-lab/telemetry";
import waitFor from "p-wait-for";
import { setVariable } from "../../test/env.ts";
import { loadedModules } from "../../test/gateway.ts";
import { createGateway } from "../app.ts";
import { readEnv } from "../env.ts";
import { upstreamTls } from "./tls.ts";

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000);
const expired = { notBefore: inHours(-2), notAfter: inHours(-1) };

let authority: KeyPair;
let other: KeyPair;
before(async () => {
  authority = await createAuthority();
  other = await createAuthority("another CA");
});

/** Issues a certificate that is valid, except for the given options. */
const issue = (name: string, options = {}, ca: KeyPair | undefined = authority) =>
  issueCertificate(ca, { names: [name], notAfter: inHours(1), ...options });

/** Creates the files of a certificate. */
function certificateFiles(t: TestContext, pair: KeyPair, ca = authority.cert) {
  const folder = mkdtempSync(join(tmpdir(), "lab-tls-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = (part: string) => join(folder, `${part}.pem`);
  const write = (next: KeyPair, nextCa = ca) => {
    for (const [part, text] of Object.entries({ ...next, ca: nextCa })) writeFileSync(file(part), text);
  };
  write(pair);
  return { cert: file("cert"), key: file("key"), ca: file("ca"), write };
}
type Files = ReturnType<typeof certificateFiles>;

/** Starts service A with mutual TLS. */
async function startService(t: TestContext, protocol: Protocol, files: Files, port = 0) {
  const path = (part: "cert" | "key" | "ca") => ({
    variable: `TLS_${part.toUpperCase()}_FILE`,
    path: files[part],
  });
  const tls = mutualTls({ cert: path("cert"), key: path("key"), ca: path("ca") }, ["gateway"]);
  const lifecycle = new Lifecycle();
  const at = { host: "127.0.0.1", port };
  const greet = (_call: unknown, reply: (error: null, value: object) => void) =>
    reply(null, { message: "Olá" });
  const app = createHttpApp({ lifecycle });
  app.use(tls.guard);
  get(
    app,
    "/a/hello",
    helloRoute(lifecycle, () => "Olá"),
  );
  const server =
    protocol === "grpc"
      ? await startGrpcServer({
          name: "pspd.ServiceA",
          definition: ServiceAService,
          implementation: { sayHello: greet },
          ...at,
          tls: tls.grpc,
        })
      : await startHttpServer(app, at.host, at.port, { tls: tls.http });
  const stop = () => server.drain(AbortSignal.timeout(0));
  t.after(stop);
  return { port: server.port, stop };
}

/** Creates a gateway that calls service A with a certificate. */
async function startGateway(t: TestContext, protocol: Protocol, port: number, files: Files) {
  setVariable(t, "BACKEND", protocol);
  setVariable(
    t,
    `SERVICE_A_${protocol.toUpperCase()}`,
    `${protocol === "grpc" ? "" : "https://"}127.0.0.1:${port}`,
  );
  setVariable(t, "SERVICE_B_REST", "https://127.0.0.1:1");
  for (const part of ["cert", "key", "ca"] as const)
    setVariable(t, `UPSTREAM_TLS_${part.toUpperCase()}_FILE`, files[part]);
  const { app, services } = await createGateway(readEnv(), new Lifecycle());
  t.after(() => services.close());
  const hello = async () => {
    const response = await app.request("/a/hello?name=Ana");
    return { status: response.status, text: await response.text() };
  };
  return Object.assign(hello, { services });
}

async function failures(peer: string, reason: string): Promise<number> {
  const { values } = (await registry.getSingleMetric("tls_handshake_failures_total")?.get()) ?? {
    values: [],
  };
  return values.find(({ labels }) => labels.peer === peer && labels.reason === reason)?.value ?? 0;
}

for (const protocol of PROTOCOLS)
  describe(`a gateway that calls service A with TLS (${protocol})`, () => {
    it("checks the certificate of the service, and has its own", async (t) => {
      const { port } = await startService(t, protocol, certificateFiles(t, await issue("service-a")));
      const hello = await startGateway(t, protocol, port, certificateFiles(t, await issue("gateway")));
      const { status, text } = await hello();
      assert.equal(status, 200, text);
    });

    it("uses TLS through a lossy link too", async (t) => {
      const { port } = await startService(t, protocol, certificateFiles(t, await issue("service-a")));
      const hello = await startGateway(t, protocol, port, certificateFiles(t, await issue("gateway")));
      const undo = await hello.services.useLossyLink({ reset_share: 1, delay_share: 0, delay_ms: 0 });
      assert.equal((await hello()).status, 503);
      undo();
      assert.equal((await hello()).status, 200);
      t.after(await hello.services.useLossyLink({ reset_share: 0, delay_share: 0, delay_ms: 0 }));
      const { status, text } = await hello();
      assert.equal(status, 200, text);
    });

    for (const [what, reason, make] of [
      ["expired", "expired", () => issue("service-a", expired)],
      [
        "signed by itself",
        "untrusted",
        () => issueCertificate(undefined, { names: ["service-a"], notAfter: inHours(1) }),
      ],
      ["of another CA", "untrusted", () => issue("service-a", {}, other)],
      ["of service B", "wrong_name", () => issue("service-b")],
      [
        "of another name, and only its common name is that of service A",
        "wrong_name",
        () => issue("127.0.0.1", { commonName: "service-a" }),
      ],
    ] as const)
      it(`responds with 503 if the certificate of the service is ${what}`, async (t) => {
        const { port } = await startService(t, protocol, certificateFiles(t, await make()));
        const hello = await startGateway(t, protocol, port, certificateFiles(t, await issue("gateway")));
        const before = await failures("service-a", reason);
        const { status, text } = await hello();
        assert.equal(status, 503, text);
        assert.equal(JSON.parse(text).type, "urn:lgtm-lab:problem:backend-down");
        assert.ok((await failures("service-a", reason)) > before);
      });

    it("responds with 503 if its own certificate is expired, and the service counts that", async (t) => {
      const { port } = await startService(t, protocol, certificateFiles(t, await issue("service-a")));
      const hello = await startGateway(
        t,
        protocol,
        port,
        certificateFiles(t, await issue("gateway", expired)),
      );
      const before = await failures("client", "expired");
      assert.equal((await hello()).status, 503);
      assert.ok((await failures("client", "expired")) > before);
    });

    it("refuses an expired certificate within seconds, although it has a connection, until the service has a valid one", async (t) => {
      const service = certificateFiles(t, await issue("service-a"));
      const { port } = await startService(t, protocol, service);
      const hello = await startGateway(t, protocol, port, certificateFiles(t, await issue("gateway")));
      assert.equal((await hello()).status, 200);
      for (const [pair, status] of [
        [await issue("service-a", expired), 503],
        [await issue("service-a"), 200],
      ] as const) {
        service.write(pair);
        await waitFor(async () => (await hello()).status === status, { timeout: 10_000, interval: 20 });
      }
    });

    it("loses no call while the certificates of both sides are replaced, and then uses the new ones", async (t) => {
      const service = certificateFiles(t, await issue("service-a"));
      const gateway = certificateFiles(t, await issue("gateway"));
      const first = await startService(t, protocol, service);
      const hello = await startGateway(t, protocol, first.port, gateway);
      const reloads = async (certificate: string) => {
        const { values } = (await registry.getSingleMetric("tls_certificate_reloads_total")?.get()) ?? {
          values: [],
        };
        return (
          values.find(({ labels }) => labels.certificate === certificate && labels.outcome === "ok")?.value ??
          0
        );
      };
      const before = [await reloads("server"), await reloads("client")];
      const both = authority.cert + other.cert;
      service.write(await issue("service-a", {}, other), both);
      gateway.write(await issue("gateway", {}, other), both);
      const statuses = new Map<number, number>();
      const call = async () => {
        const { status } = await hello();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      };
      const replaced = async () =>
        (await reloads("server")) > (before[0] ?? 0) && (await reloads("client")) > (before[1] ?? 0);
      const until = performance.now() + 10_000;
      while (!(await replaced())) {
        assert.ok(performance.now() < until, "the certificates are not replaced");
        await Promise.all([call(), call(), call()]);
      }
      await call();
      assert.deepEqual([...statuses.keys()], [200]);
      // It accepts only certificates of the new CA.
      await first.stop();
      const next = certificateFiles(t, await issue("service-a", {}, other), other.cert);
      await startService(t, protocol, next, first.port);
      await waitFor(async () => (await hello()).status === 200, { timeout: 5_000, interval: 20 });
    });
  });

describe("a handshake of the gateway over gRPC", () => {
  /** Fails a handshake. Returns which failures were counted. */
  async function failedHandshake(t: TestContext, port: number, code: string, handshakeMs = 10_000) {
    const { cert, key, ca } = certificateFiles(t, await issue("gateway"));
    const file = (path: string) => ({ variable: "UPSTREAM_TLS_FILE", path });
    const files = { cert: file(cert), key: file(key), ca: file(ca) };
    const credentials = upstreamTls(files, { handshakeMs }).credentials("service-a");
    const counted = async () =>
      ((await registry.getSingleMetric("tls_handshake_failures_total")?.get()) ?? { values: [] }).values
        .filter(({ labels }) => labels.peer === "service-a")
        .map(({ labels: { reason }, value }) => [String(reason), value] as const);
    const before = new Map(await counted());
    const socket = connect({ host: "127.0.0.1", port });
    const closed = once(socket, "close");
    const connector = credentials._createSecureConnector({ scheme: "dns", path: "" }, {});
    await assert.rejects(connector.connect(socket), { code });
    await closed;
    await setImmediate(); // the secure socket closes after the one below it
    return (await counted())
      .map(([reason, value]) => [reason, value - Number(before.get(reason))])
      .filter(([, more]) => more !== 0);
  }

  it("ends after a time if the service does not answer", async (t) => {
    const silent = createServer().listen(0, "127.0.0.1");
    t.after(() => silent.close());
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    assert.deepEqual(await failedHandshake(t, port, "ERR_TLS_HANDSHAKE_TIMEOUT", 50), [["timeout", 1]]);
  });

  it("is counted once if it fails", async (t) => {
    const { port } = await startService(t, "grpc", certificateFiles(t, await issue("service-b")));
    assert.deepEqual(await failedHandshake(t, port, "ERR_TLS_CERT_ALTNAME_INVALID"), [["wrong_name", 1]]);
  });
});

describe("the variables of TLS", () => {
  it("must be set together, and REST addresses must be https then", (t) => {
    setVariable(t, "TLS_CERT_FILE", "/a");
    assert.throws(
      readEnv,
      /^Error: TLS_KEY_FILE must also be set\. TLS needs TLS_CERT_FILE, TLS_KEY_FILE\.$/,
    );
    setVariable(t, "TLS_KEY_FILE", "/b");
    assert.equal(readEnv().serverTls?.key.path, "/b");
    setVariable(t, "UPSTREAM_TLS_CA_FILE", "/c");
    assert.throws(readEnv, /^Error: UPSTREAM_TLS_CERT_FILE and UPSTREAM_TLS_KEY_FILE must also be set\./);
    for (const name of ["UPSTREAM_TLS_CERT_FILE", "UPSTREAM_TLS_KEY_FILE"]) setVariable(t, name, "/d");
    assert.equal(readEnv().upstreamTls?.ca?.path, "/c");
    setVariable(t, "BACKEND", "rest");
    assert.throws(
      readEnv,
      /^Error: SERVICE_A_REST must have https addresses, because UPSTREAM_TLS_CA_FILE is set\.$/,
    );
  });

  it("load no code if none is set", () => {
    const tls = loadedModules({}).filter((url) => /\/tls\/(?!settings)|\/tls\.ts|undici/.test(url));
    assert.deepEqual(tls, []);
  });
});
