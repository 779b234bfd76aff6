import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { after, before, describe, it } from "node:test";
import { connect, getCACertificates, setDefaultCACertificates } from "node:tls";
import { GATEWAY_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { HOST, httpAddress, type PortVariable, readEnvironment } from "@lgtm-lab/stack";
import { CERTIFICATE_OWNERS } from "../../packages/stack/src/certificates.ts";
import { lines } from "../e2e/support/loki.ts";
import { query } from "../e2e/support/prometheus.ts";
import { call, callThroughConsole, GATEWAY_REQUESTS, type GatewayRequest } from "../e2e/support/requests.ts";
import { traceOf } from "../e2e/support/tempo.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { composeTls, containerOf, containersOf, PROJECT } from "./compose.ts";
import { docker } from "./docker.ts";
import { readComposeFile } from "./file.ts";
import { longRunning, services } from "./services.ts";
import { addressOfContainer, startOf, succeededCalls, untilReady } from "./stack.ts";

/** Settings for two instances of B, to scrape and call instances whose addresses are not in their certificates. */
const SCALE_SETTINGS = { SERVICE_B_GRPC_PORT: "", SERVICE_B_HTTP_PORT: "", UPSTREAM_DNS_MS: "500" };
const CERTIFICATES = "/volumes/certificates/tls";
/** Service A closes its connections 3 s after its certificate has changed. */
const CLOSED_MS = 5_000;

describe("docker-compose.tls.yml, with --scale service-b=2", () => {
  const ports = { ...readEnvironment().ports, usesTls: true as const };
  const addressOf = (port: PortVariable) => httpAddress(ports, port);
  const baseOf = ({ gateway }: Pick<GatewayRequest, "gateway">) =>
    addressOf(SERVICES[gateway].ports.http.variable);
  const inCertificates = async (...command: string[]) =>
    docker("exec", await containerOf("certificates"), ...command);
  let authority = "";

  before(async () => {
    await composeTls(
      SCALE_SETTINGS,
      "up",
      "-d",
      "--no-build",
      "--scale",
      "service-b=2",
      ...services,
      "certificates",
    );
    await untilReady([...longRunning, "certificates"]);
    authority = await inCertificates("cat", "/volumes/tls/ca/ca.crt");
    setDefaultCACertificates([...getCACertificates("default"), authority]);
  });
  after(() => composeTls({}, "down"));

  for (const request of GATEWAY_REQUESTS)
    it(`${request.gateway} serves HTTPS and calls ${request.service}, with a complete trace and log lines`, async () => {
      const { traceId } = await eventually("a response with 200", async () => {
        const response = await call(baseOf(request), request.path);
        return response.status === 200 && response;
      });
      const both = [request.gateway, request.service];
      await within("the trace", 5_000, () => traceOf(addressOf("TEMPO_PORT"), traceId, both));
      for (const name of both)
        await within(`the log line of ${name}`, 5_000, async () => {
          const ofTrace = `{service_name="${name}"} | trace_id="${traceId}"`;
          return (await lines(addressOf("LOKI_PORT"), ofTrace)).length > 0;
        });
    });

  for (const request of GATEWAY_REQUESTS.filter(({ service }) => service === "service-b"))
    it(`${request.gateway} calls both instances of B`, async () => {
      const addresses = await Promise.all((await containersOf("service-b")).map(addressOfContainer));
      assert.equal(addresses.length, 2);
      await eventually("calls to both", async () => {
        assert.equal((await call(baseOf(request), request.path)).status, 200);
        const counts = await Promise.all(addresses.map((ip) => succeededCalls(baseOf(request), ip)));
        return counts.every((count) => count > 0);
      });
    });

  it("the gateways also serve HTTP/2", async () => {
    for (const { gateway, path } of GATEWAY_REQUESTS) {
      const session = connectHttp2(baseOf({ gateway }), { ca: authority });
      const [headers] = await once(session.request({ ":path": path }), "response");
      session.destroy();
      assert.equal(headers[":status"], 200, gateway);
    }
  });

  it("refuses requests without TLS, and direct requests to service A without the certificate of a gateway", async () => {
    const plain = (port: PortVariable) => addressOf(port).replace("https:", "http:");
    for (const port of ["GATEWAY_PORT", "GATEWAY_REST_PORT"] as const)
      await assert.rejects(fetch(plain(port)));
    // Servers in Go answer plain HTTP on a TLS port with 400.
    for (const port of ["LOKI_PORT", "OTELCOL_HTTP_PORT"] as const)
      assert.equal((await fetch(plain(port))).status, 400, port);
    const a = addressOf("SERVICE_A_HTTP_PORT");
    assert.equal((await fetch(a + SERVICES["service-a"].sample)).status, 403);
    assert.equal((await fetch(`${a}/readyz`)).status, 200);
    const port = ports.SERVICE_A_GRPC_PORT;
    const socket = connect({
      host: HOST,
      port,
      ca: authority,
      servername: "service-a",
      ALPNProtocols: ["h2"],
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await once(socket, "secureConnect"); // rejects if the handshake fails for another reason
    socket.on("error", () => {}).resume();
    await closed;
  });

  it("all scrape targets are up, both instances of B among them", async () => {
    const since = Date.now() / 1000; // the volume has samples of the previous stack
    await within("all targets are up", 30_000, async () => {
      const up = await query(addressOf("PROMETHEUS_PORT"), `up and timestamp(up) > ${since}`);
      const down = up.filter((sample) => sample.value !== 1).map(({ metric }) => metric.service_name);
      if (down.length > 0) throw new Error(`down: ${down}`);
      const ofB = up.filter(({ metric }) => metric.service_name === "service-b");
      return ofB.length === 2 && up.some(({ metric }) => metric.service_name === "loki");
    });
  });

  it("the console and the demo traffic call the gateways", async () => {
    await callThroughConsole(addressOf("CONSOLE_PORT"));
    for (const gateway of GATEWAY_NAMES) {
      const answered = async () => {
        const series =
          /^http_server_request_duration_seconds_count\{.*http_route="\/a\/hello",http_response_status_code="200"\} (\d+)$/m;
        return Number(series.exec(await (await fetch(`${baseOf({ gateway })}/metrics`)).text())?.[1]);
      };
      const before = await answered();
      await eventually("requests of the demo traffic", async () => (await answered()) > before + 2);
    }
  });

  it("only the owner of a key can read it, and only `certificates` has the key of the CA", async () => {
    for (const owner of CERTIFICATE_OWNERS) {
      const status = await inCertificates("stat", "-c", "%a %u:%g", `/volumes/tls/${owner}/tls.key`);
      const { user = "" } = readComposeFile("tls")[owner] ?? {};
      assert.equal(status, `640 1000:${user.split(":")[1]}`, owner);
    }
    for (const name of longRunning)
      for (const id of await containersOf(name)) {
        const mounts = (await docker("inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", id)).split(
          " ",
        );
        const secrets = mounts
          .map((mount) => mount.replace(`${PROJECT}_`, ""))
          .filter((mount) => mount === "certificates" || (mount.startsWith("tls-") && mount !== "tls-ca"));
        assert.deepEqual(
          secrets,
          CERTIFICATE_OWNERS.some((owner) => owner === name) ? [`tls-${name}`] : [],
          name,
        );
      }
  });

  it("expired-cert: the gateways refuse the certificate of service A until the fault ends", async () => {
    const request = GATEWAY_REQUESTS.find(({ service }) => service === "service-a") ?? assert.fail();
    const answers = async (status: number) => (await call(baseOf(request), request.path)).status === status;
    await composeTls({}, "run", "--rm", "-T", "fault", "expired-cert");
    await within("the certificate is refused", 15_000, () => answers(503));
    await composeTls({}, "run", "--rm", "-T", "fault", "fix");
    await within("service A is called again", 15_000, () => answers(200));
  });

  it("a renewed certificate is used without a restart, and no request fails", async () => {
    const serial = async (port: number, servername: string) => {
      const socket = connect({ host: HOST, port, ca: authority, servername });
      await once(socket, "secureConnect");
      const { serialNumber } = socket.getPeerX509Certificate() ?? {};
      socket.destroy();
      return serialNumber;
    };
    const serials = async () => [
      await serial(ports.GATEWAY_PORT, "localhost"),
      await serial(ports.SERVICE_A_HTTP_PORT, "service-a"),
    ];
    const [start, before] = [await startOf("gateway"), await serials()];
    let since: number | undefined;
    await inCertificates("rm", ...["gateway", "service-a"].map((owner) => `${CERTIFICATES}/${owner}.pem`));
    // It checks the certificates at its start, and then every minute.
    await docker("restart", await containerOf("certificates"));
    const failed: number[] = [];
    await within("both use new certificates, and have closed old connections", 20_000, async () => {
      for (const request of GATEWAY_REQUESTS) {
        const { status } = await call(baseOf(request), request.path);
        if (status !== 200) failed.push(status);
      }
      const now = await serials();
      if (now.some((each, index) => each === before[index])) return false;
      since ??= performance.now();
      return performance.now() - since > CLOSED_MS;
    });
    assert.deepEqual(failed, []);
    assert.equal(await startOf("gateway"), start, "the gateway was restarted");
  });
});
