import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect, getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { INTERNAL_SERVICE_NAMES, SERVICE_NAMES, SERVICES, type ServiceName } from "@lgtm-lab/contracts";
import { HOST, httpAddress, type PortVariable, REPOSITORY, readEnvironment } from "@lgtm-lab/stack";
import { lab, urls } from "../e2e/support/lab.ts";
import { lines } from "../e2e/support/loki.ts";
import { callGrpc, nanos, sendOtlp } from "../e2e/support/otlp.ts";
import { query } from "../e2e/support/prometheus.ts";
import { callThroughConsole, GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { traceOf } from "../e2e/support/tempo.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { output } from "../runner/commands.ts";
import {
  isReady,
  kubectl,
  podsOf,
  restartsOf,
  serviceAddress,
  setupArguments,
  skipUnlessOwnCluster,
} from "./stack.ts";

const SETUP_SH = join(REPOSITORY, "deploy/setup.sh");
const SCRAPED_MS = 30_000;
const REACHABLE_MS = 10_000;
/** The kubelet looks for changed Secrets about once a minute. */
const RENEWED_MS = 180_000;
/** The ports that receive telemetry. */
const TELEMETRY_PORTS = ["OTELCOL_GRPC_PORT", "OTELCOL_HTTP_PORT", "LOKI_PORT"] as const;

describe("setup.sh --tls", () => {
  let stateFolder: string;
  const ports = { ...readEnvironment().ports, usesTls: true as const };
  const loki = httpAddress(ports, "LOKI_PORT");
  const authority = () => readFileSync(join(stateFolder, "tls/ca.pem"), "utf8");
  const setUp = (...options: string[]) =>
    output(SETUP_SH, [...setupArguments(), ...options], { env: { LAB_STATE: stateFolder } });

  before(async () => {
    stateFolder = await mkdtemp(join(tmpdir(), "lgtm-lab-tls-"));
    await setUp("--tls");
    setDefaultCACertificates([...getCACertificates("default"), authority()]);
    // From outside of the cluster, the new pods can be reached a moment later.
    await within("every service, the collector and Loki respond over TLS", REACHABLE_MS, async () => {
      for (const name of SERVICE_NAMES) await get(name, "/healthz");
      for (const port of TELEMETRY_PORTS) await certificateAt(port);
      return true;
    });
  });
  after(async () => {
    await setUp("--no-tls");
    await rm(stateFolder, { recursive: true, force: true });
  });

  /** Sends a request to the HTTP port of a service, and checks that its certificate is that of this service. */
  async function get(service: ServiceName, path: string) {
    const { hostname } = new URL(await serviceAddress(service));
    const sent = request({
      host: hostname,
      port: SERVICES[service].ports.http.port,
      path,
      servername: service,
      ca: authority(),
      agent: false,
      timeout: 10_000,
    }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const { fingerprint256 } = (response.socket as TLSSocket).getPeerCertificate();
    await response.toArray();
    return {
      status: response.statusCode,
      traceId: String(response.headers["x-trace-id"]),
      fingerprint256,
    };
  }

  /** Returns the fingerprint of the certificate at a forwarded port. */
  async function certificateAt(port: PortVariable): Promise<string> {
    const socket = connect({ host: HOST, port: ports[port], ca: authority(), servername: "localhost" });
    try {
      await once(socket, "secureConnect");
      return socket.getPeerCertificate().fingerprint256;
    } finally {
      socket.destroy();
    }
  }

  for (const { gateway, path, service } of GATEWAY_REQUESTS)
    it(`${gateway} serves HTTPS and calls ${service}, with a complete trace and log lines`, async () => {
      const { status, traceId } = await get(gateway, path);
      assert.equal(status, 200);
      const { tempo } = await urls();
      await eventually("the trace", () => traceOf(tempo, traceId, [gateway, service]));
      for (const name of [gateway, service])
        await eventually(`the log line of ${name}`, async () => {
          const ofTrace = `{service_name="${name}"} | trace_id="${traceId}"`;
          return (await lines(loki, ofTrace)).length > 0;
        });
    });

  it("the collector and Loki refuse plaintext", async () => {
    // Servers in Go answer plain HTTP on a TLS port with 400.
    for (const port of ["LOKI_PORT", "OTELCOL_HTTP_PORT"] as const)
      assert.equal((await fetch(`http://${HOST}:${ports[port]}`)).status, 400, port);
    // An empty request is valid OTLP.
    await assert.rejects(
      callGrpc(`${HOST}:${ports.OTELCOL_GRPC_PORT}`, "traces", new Uint8Array()),
      /UNAVAILABLE/,
    );
  });

  it("the collector passes lines on to Loki, where the console finds them", async () => {
    const traceId = crypto.randomUUID().replaceAll("-", "");
    const line = { timeUnixNano: nanos(), traceId, body: { stringValue: "hello over TLS" } };
    const collector = httpAddress(ports, "OTELCOL_HTTP_PORT");
    await sendOtlp({ collector }, "logs", [{ service: "outside-sender", items: [line] }]);
    const search = new URLSearchParams({ query: `{service_name="outside-sender"} | trace_id="${traceId}"` });
    const consoleAddress = (await lab()).address("console");
    await eventually("the console finds the line", async () => {
      const found = await fetch(`${consoleAddress}/api/loki/query_range?${search}`);
      return (await found.text()).includes("hello over TLS");
    });
  });

  for (const service of INTERNAL_SERVICE_NAMES)
    it(`${service} answers a client without a certificate only for probes and metrics`, async () => {
      assert.equal((await get(service, "/healthz")).status, 200);
      assert.equal((await get(service, SERVICES[service].sample)).status, 403);
    });

  it("the console and the demo traffic call the gateways", async () => {
    const { prometheus } = await urls();
    const consoleAddress = (await lab()).address("console");
    await within("requests of the console", SCRAPED_MS, async () => {
      await callThroughConsole(consoleAddress);
      return true;
    });
    const calls =
      'increase(http_server_request_duration_seconds_count{service_name="gateway",http_route="/a/hello"}[15s]) > 5';
    await within(
      "requests of the demo traffic",
      SCRAPED_MS,
      async () => (await query(prometheus, calls)).length > 0,
    );
  });

  it("the Ingress calls the gateways over HTTPS", { skip: skipUnlessOwnCluster }, async () => {
    const path = "--output=jsonpath={.status.loadBalancer.ingress[0].ip}";
    const host = await kubectl("--namespace=pspd", "get", "ingress", "gateways", path);
    for (const name of ["pspd.local", "pspd-rest.local"]) {
      const sent = requestHttp({ host, path: "/a/hello", headers: { host: name }, timeout: 10_000 }).end();
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      assert.equal(response.statusCode, 200, name);
      assert.ok(response.headers["x-trace-id"]);
      response.resume();
    }
  });

  it("Prometheus scrapes every service and Loki over HTTPS", async () => {
    const { prometheus } = await urls();
    await within("the targets are up", SCRAPED_MS, async () => {
      const up = await query(prometheus, 'up{pod=~"(gateway|service|loki)-.*"} == 1');
      const certificates = await query(
        prometheus,
        'tls_certificate_not_after_timestamp_seconds{certificate="server"}',
      );
      assert.ok(up.some(({ metric }) => metric.service_name === "loki"));
      for (const name of SERVICE_NAMES)
        for (const found of [up, certificates])
          assert.ok(
            found.some(({ metric }) => metric.service_name === name),
            name,
          );
      return true;
    });
  });

  it("a second run renews all certificates, which are used without a restart", async () => {
    const served = () =>
      Promise.all([
        ...SERVICE_NAMES.map(async (name) => (await get(name, "/healthz")).fingerprint256),
        ...TELEMETRY_PORTS.map(certificateAt),
      ]);
    const owners = [...SERVICE_NAMES, "otelcol", "loki"];
    /** Returns how often each ready pod was restarted, by its uid. */
    const restarts = async (name: string) =>
      new Map((await podsOf(name)).filter(isReady).map((pod) => [pod.metadata.uid, restartsOf(pod)]));
    const [before, restartsBefore] = [await served(), await Promise.all(owners.map(restarts))];
    const since = performance.now();
    await setUp("--tls");
    await within(
      "new certificates",
      RENEWED_MS,
      async () => {
        const now = await served();
        return now.every((each, index) => each !== before[index]);
      },
      { since, intervalMs: 1000 },
    );
    for (const [index, name] of owners.entries()) {
      // An autoscaler may have added or removed pods.
      const kept = [...(await restarts(name))].filter(([uid]) => restartsBefore[index]?.has(uid));
      assert.notEqual(kept.length, 0, `no pod of ${name} is left`);
      for (const [uid, count] of kept) assert.equal(count, restartsBefore[index]?.get(uid), name);
    }
  });
});
