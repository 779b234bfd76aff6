import assert from "node:assert/strict";
import { test } from "node:test";
import { GATEWAY_NAMES, INTERNAL_SERVICE_NAMES } from "@lgtm-lab/contracts";
import { workloadsOf } from "../kubernetes/connections.ts";
import { buildWith, findingsIn, type Manifest, parseManifests, read } from "../kubernetes/manifests.ts";

/** Checks the component `tls` of deploy/kubernetes, which `deploy/setup.sh --tls` adds to an overlay. */
const built = {
  local: await buildWith("overlays/local", ["tls", "tls/faults"]),
  production: await buildWith("overlays/production", ["tls", "tls/balancing"]),
};
const OURS = {
  gateways: GATEWAY_NAMES,
  internal: INTERNAL_SERVICE_NAMES.filter((name) => /^service-[ab]$/.test(name)),
};
const FILES = "/run/secrets/tls";

for (const [overlay, text] of Object.entries(built)) {
  const workloads = workloadsOf(parseManifests(text));
  const podOf = (name: string) => workloads.get(name)?.spec.template ?? assert.fail(name);
  const envOf = ({ spec }: Manifest) => spec.template.spec.containers.flatMap(({ env = [] }) => env);
  const variables = (name: string) =>
    Object.fromEntries(
      envOf(workloads.get(name) ?? assert.fail(name)).map(({ name, value }) => [name, value]),
    );

  test(`${overlay}: an API server would accept every object`, async () => {
    assert.equal(await findingsIn(text), "");
  });

  test(`${overlay}: each service mounts its Secret, and its probes and scrapes use HTTPS`, () => {
    for (const name of [...OURS.gateways, ...OURS.internal]) {
      const { spec, metadata } = podOf(name);
      const [container] = spec.containers;
      const mount =
        container?.volumeMounts?.find(({ mountPath }) => mountPath === FILES) ?? assert.fail(name);
      assert.equal(mount.subPath, undefined, "the kubelet would not update the files");
      const volume = spec.volumes?.find((each) => each.name === mount.name);
      assert.deepEqual(volume, { name: "tls", secret: { secretName: `${name}-tls` } });
      for (const probe of [container?.startupProbe, container?.readinessProbe, container?.livenessProbe])
        assert.equal(probe?.httpGet?.scheme, "HTTPS", name);
      assert.equal(metadata.annotations?.["prometheus.io/scheme"], "https");
    }
  });

  test(`${overlay}: the variables of docs/tls.md, in complete groups`, () => {
    const server = { TLS_CERT_FILE: `${FILES}/tls.crt`, TLS_KEY_FILE: `${FILES}/tls.key` };
    const tlsOf = (name: string) =>
      Object.fromEntries(Object.entries(variables(name)).filter(([variable]) => variable.includes("TLS_")));
    // For the fault `expired-cert`.
    const expired = {
      FAULT_TLS_CERT_FILE: `${FILES}/expired.crt`,
      FAULT_TLS_KEY_FILE: `${FILES}/expired.key`,
    };
    for (const name of OURS.internal)
      assert.deepEqual(tlsOf(name), {
        ...server,
        TLS_CA_FILE: `${FILES}/ca.crt`,
        ...(overlay === "local" && name === "service-a" && expired),
      });
    for (const name of OURS.gateways)
      assert.deepEqual(tlsOf(name), {
        ...server,
        UPSTREAM_TLS_CERT_FILE: server.TLS_CERT_FILE,
        UPSTREAM_TLS_KEY_FILE: server.TLS_KEY_FILE,
        UPSTREAM_TLS_CA_FILE: `${FILES}/ca.crt`,
      });
  });

  test(`${overlay}: no client calls a gateway or service over HTTP, except its fault admin port`, () => {
    const plaintext = [...workloads].flatMap(([name, workload]) =>
      envOf(workload)
        .filter(
          ({ name: variable, value = "" }) =>
            /http:\/\/(gateway|service)/.test(value) && !variable.startsWith("FAULT_"),
        )
        .map(({ name: variable }) => `${name}: ${variable}`),
    );
    assert.deepEqual(plaintext, []);
    const pods = overlay === "production" ? "-pods" : "";
    assert.equal(variables("gateway-rest").SERVICE_A_REST, `https://service-a${pods}:50061`);
    assert.equal(variables("gateway-rest").SERVICE_B_REST, `https://service-b${pods}:50062`);
  });
}

test("deploy/setup.sh creates a Secret for each service, in `local` with the expired certificate of service A", () => {
  const script = read("deploy/setup.sh");
  const [, names = ""] = /tls_services=\((.+)\)/.exec(script) ?? [];
  assert.deepEqual(names.split(" "), [...OURS.gateways, ...OURS.internal]);
  const [, condition, files] = /if \[ (.+) \]; then\n.*\n +files\+=\((.+)\)/.exec(script) ?? [];
  assert.equal(condition, '"$overlay:$service" = local:service-a');
  for (const [key, file] of [
    ["expired.crt", "-expired.pem"],
    ["expired.key", "-expired-key.pem"],
  ])
    assert.ok(files?.includes(`"${key}=$certificates/$service${file}"`), key);
});
