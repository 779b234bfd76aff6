import assert from "node:assert/strict";
import { test } from "node:test";
import { GATEWAY_NAMES, INTERNAL_SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { DEFAULT_PORTS } from "@lgtm-lab/stack";
import { workloadsOf } from "../kubernetes/connections.ts";
import {
  buildWith,
  filesIn,
  findingsIn,
  type Manifest,
  parseManifests,
  read,
} from "../kubernetes/manifests.ts";

/** Checks the component `tls` of deploy/kubernetes, which `deploy/setup.sh --tls` adds to an overlay. */
const built = {
  local: await buildWith("overlays/local", ["tls", "tls/faults"]),
  production: await buildWith("overlays/production", ["tls", "tls/balancing"]),
};
const OURS = {
  gateways: GATEWAY_NAMES,
  internal: INTERNAL_SERVICE_NAMES.filter((name) => /^service-[ab]$/.test(name)),
};
/** The receivers of telemetry. */
const BACKENDS = ["otelcol", "loki"];
const OWNERS: readonly string[] = [...OURS.gateways, ...OURS.internal, ...BACKENDS];
const FILES = "/run/secrets/tls";
/** The files that variables name, and the volumes that have them. */
const MOUNTS: Readonly<Record<string, (owner: string) => object>> = {
  [FILES]: (owner) => ({ name: "tls", secret: { secretName: `${owner}-tls` } }),
  "/run/ca": () => ({ name: "services-ca", configMap: { name: "services-ca" } }),
};
/** The ports that accept only TLS. */
const TLS_PORTS: readonly number[] = [
  ...[...OURS.gateways, ...OURS.internal].map((name) => SERVICES[name].ports.http.port),
  ...OURS.internal.map((name) => SERVICES[name].ports.grpc.port),
  DEFAULT_PORTS.OTELCOL_GRPC_PORT,
  DEFAULT_PORTS.OTELCOL_HTTP_PORT,
  DEFAULT_PORTS.LOKI_PORT,
];

for (const [overlay, text] of Object.entries(built)) {
  const manifests = parseManifests(text);
  const workloads = workloadsOf(manifests);
  const podOf = (name: string) => workloads.get(name)?.spec.template ?? assert.fail(name);
  const envOf = ({ spec }: Manifest) => spec.template.spec.containers.flatMap(({ env = [] }) => env);
  const variables = (name: string) =>
    Object.fromEntries(
      envOf(workloads.get(name) ?? assert.fail(name)).map(({ name, value }) => [name, value]),
    );

  test(`${overlay}: an API server would accept every object`, async () => {
    assert.equal(await findingsIn(text), "");
  });

  test(`${overlay}: each owner of a certificate mounts its Secret, and nothing else does`, () => {
    for (const name of workloads.keys()) {
      const secrets = (podOf(name).spec.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? []);
      const ofCertificates = secrets.filter((secret) => secret.endsWith("-tls"));
      assert.deepEqual(ofCertificates, OWNERS.includes(name) ? [`${name}-tls`] : [], name);
    }
  });

  test(`${overlay}: every certificate, key and CA that a variable names is mounted`, () => {
    for (const name of workloads.keys()) {
      const { containers, volumes = [] } = podOf(name).spec;
      for (const { name: variable, value = "" } of envOf(workloads.get(name) ?? assert.fail())) {
        const [folder, volume] = Object.entries(MOUNTS).find(([path]) => value.startsWith(`${path}/`)) ?? [];
        if (!folder || !volume) continue;
        const mount = containers[0]?.volumeMounts?.find(({ mountPath }) => mountPath === folder);
        assert.ok(mount, `${name}: ${variable}`);
        assert.equal(mount.subPath, undefined, "the kubelet would not update the files");
        assert.deepEqual(
          volumes.find((each) => each.name === mount.name),
          volume(name),
          `${name}: ${variable}`,
        );
      }
    }
  });

  test(`${overlay}: probes and scrapes use HTTPS at the ports with TLS, and only there`, () => {
    const found = new Set<number>();
    const scraped = new Set<number>();
    for (const name of workloads.keys()) {
      const { spec, metadata } = podOf(name);
      const [container = assert.fail(name)] = spec.containers;
      const { startupProbe, readinessProbe, livenessProbe } = container;
      for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
        if (!probe) continue;
        const port = container.ports?.find((each) => each.name === probe.httpGet?.port)?.containerPort;
        assert.equal(probe.httpGet?.scheme === "HTTPS", TLS_PORTS.includes(port ?? 0), `${name}: ${port}`);
        found.add(port ?? 0);
      }
      const { "prometheus.io/scheme": scheme, "prometheus.io/port": port = "" } = metadata.annotations ?? {};
      assert.equal(scheme, TLS_PORTS.includes(Number(port)) ? "https" : undefined, `${name}: ${port}`);
      scraped.add(Number(port));
    }
    for (const ports of [found, scraped])
      assert.ok(ports.has(DEFAULT_PORTS.LOKI_PORT) && ports.has(SERVICES.gateway.ports.http.port));
  });

  test(`${overlay}: the collector also reads otel-collector-tls.yaml`, () => {
    const files = filesIn(podOf("otelcol"), manifests);
    const { args = [] } = podOf("otelcol").spec.containers[0] ?? assert.fail();
    assert.deepEqual(
      args.map((each) => files.get(each.replace("--config=", ""))),
      ["otel-collector.yaml", "otel-collector-tls.yaml"].map(read),
    );
  });

  test(`${overlay}: Services name the protocol of the ports with TLS`, () => {
    for (const { kind, metadata, spec } of manifests)
      if (kind === "Service")
        for (const { port, appProtocol } of spec.ports)
          assert.equal(appProtocol === "https", TLS_PORTS.includes(port), `${metadata.name}: ${port}`);
  });

  test(`${overlay}: the variables of docs/tls.md, in complete groups`, () => {
    const server = { TLS_CERT_FILE: `${FILES}/tls.crt`, TLS_KEY_FILE: `${FILES}/tls.key` };
    const tlsOf = (name: string) =>
      Object.fromEntries(
        Object.entries(variables(name)).filter(([variable]) => /TLS_|_CERTIFICATE$/.test(variable)),
      );
    const telemetry = {
      OTEL_EXPORTER_OTLP_CERTIFICATE: `${FILES}/ca.crt`,
      LOKI_CERTIFICATE: `${FILES}/ca.crt`,
    };
    // For the fault `expired-cert`.
    const expired = {
      FAULT_TLS_CERT_FILE: `${FILES}/expired.crt`,
      FAULT_TLS_KEY_FILE: `${FILES}/expired.key`,
    };
    for (const name of OURS.internal)
      assert.deepEqual(tlsOf(name), {
        ...server,
        ...telemetry,
        TLS_CA_FILE: `${FILES}/ca.crt`,
        ...(overlay === "local" && name === "service-a" && expired),
      });
    for (const name of OURS.gateways)
      assert.deepEqual(tlsOf(name), {
        ...server,
        ...telemetry,
        UPSTREAM_TLS_CERT_FILE: server.TLS_CERT_FILE,
        UPSTREAM_TLS_KEY_FILE: server.TLS_KEY_FILE,
        UPSTREAM_TLS_CA_FILE: `${FILES}/ca.crt`,
      });
    assert.deepEqual(tlsOf("otelcol"), {
      OTELCOL_TLS_CERT_FILE: server.TLS_CERT_FILE,
      OTELCOL_TLS_KEY_FILE: server.TLS_KEY_FILE,
      OTELCOL_TLS_CA_FILE: `${FILES}/ca.crt`,
    });
    assert.deepEqual(tlsOf("loki"), {
      LOKI_TLS_CERT_FILE: server.TLS_CERT_FILE,
      LOKI_TLS_KEY_FILE: server.TLS_KEY_FILE,
    });
    const AUTHORITY = "/run/ca/ca.crt";
    assert.equal(variables("console").NODE_EXTRA_CA_CERTS, AUTHORITY);
    assert.equal(variables("traffic").NODE_EXTRA_CA_CERTS, AUTHORITY);
    assert.equal(variables("prometheus").SSL_CERT_FILE, AUTHORITY);
    assert.equal(variables("grafana").SSL_CERT_FILE, AUTHORITY);
  });

  test(`${overlay}: nothing calls a gateway, service, the collector or Loki over HTTP, except fault admin ports`, () => {
    const plaintext = [...workloads].flatMap(([name, workload]) =>
      envOf(workload)
        .filter(
          ({ name: variable, value = "" }) =>
            /http:\/\/(gateway|service|otelcol|loki|[^/]*:3100)/.test(value) &&
            !variable.startsWith("FAULT_"),
        )
        .map(({ name: variable }) => `${name}: ${variable}`),
    );
    assert.deepEqual(plaintext, []);
    const pods = overlay === "production" ? "-pods" : "";
    assert.equal(variables("gateway-rest").SERVICE_A_REST, `https://service-a${pods}:50061`);
    assert.equal(variables("gateway-rest").SERVICE_B_REST, `https://service-b${pods}:50062`);
    for (const name of [...OURS.gateways, ...OURS.internal]) {
      assert.equal(variables(name).OTEL_EXPORTER_OTLP_ENDPOINT, "https://otelcol.observability:4317");
      assert.equal(variables(name).LOKI_URL, "https://loki.observability:3100");
    }
    for (const [name, variable] of [
      ["otelcol", "LOKI_URL"],
      ["grafana", "LOKI_URL"],
      ["console", "CONSOLE_LOKI_URL"],
    ] as const)
      assert.equal(variables(name)[variable], "https://loki:3100", name);
  });
}

test("deploy/setup.sh creates a Secret for each owner, in `local` with the expired certificate of service A", () => {
  const script = read("deploy/setup.sh");
  const listed = (variable: string) => new RegExp(`${variable}=\\((.+)\\)`).exec(script)?.[1]?.split(" ");
  assert.deepEqual(listed("tls_services"), [...OURS.gateways, ...OURS.internal]);
  assert.deepEqual(listed("tls_backends"), BACKENDS);
  const [, condition, files] = /if \[ (.+) \]; then\n.*\n +files\+=\((.+)\)/.exec(script) ?? [];
  assert.equal(condition, '"$overlay:$name" = local:service-a');
  for (const [key, file] of [
    ["expired.crt", "-expired.pem"],
    ["expired.key", "-expired-key.pem"],
  ])
    assert.ok(files?.includes(`"${key}=$certificates/$name${file}"`), key);
});
