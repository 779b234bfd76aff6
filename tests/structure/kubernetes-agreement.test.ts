import assert from "node:assert/strict";
import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_DRAIN_MS, GATEWAY_NAMES, SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { LAB_VERSION, REPOSITORY } from "@lgtm-lab/contracts/repository";
import { parse } from "yaml";
import type { Component } from "../../packages/stack/src/components/component.ts";
import { COMPONENTS } from "../../packages/stack/src/components/index.ts";
import { traffic } from "../../packages/stack/src/components/services.ts";
import { DEFAULT_PORTS, type PortVariable } from "../../packages/stack/src/ports.ts";
import { parseMemoryLimit, readComposeFile, resolved } from "../compose/file.ts";
import { allowedConnections, connection, containerPortsOf, workloadsOf } from "../kubernetes/connections.ts";
import {
  type Container,
  filesIn,
  type Manifest,
  manifestsOf,
  matches,
  type PolicyRule,
  read,
} from "../kubernetes/manifests.ts";

/**
 * Compares deploy/kubernetes with docker-compose.yml and with the components of the native stack: the same programs,
 * images, arguments, settings, ports and files. Needs no cluster.
 */
const compose = readComposeFile();
const local = await manifestsOf("overlays/local");
const production = await manifestsOf("overlays/production");

const workloads = workloadsOf(local);
const everywhere = [...COMPONENTS, traffic(4)];
const native = everywhere.filter(({ name }) => workloads.has(name));
const absent = everywhere.map(({ name }) => name).filter((name) => !workloads.has(name));
const services = SERVICE_NAMES.filter((name) => workloads.has(name));
const workload = (name: string): Manifest => workloads.get(name) ?? assert.fail(`no workload ${name}`);
const template = (name: string) => workload(name).spec.template;
/** The only container of a component. */
function containerOf(name: string, all = workloads): Container {
  const [container, ...others] = all.get(name)?.spec.template.spec.containers ?? [];
  assert.deepEqual(others, [], name);
  return container ?? assert.fail(name);
}
const composeOf = (name: string) => compose[name] ?? assert.fail(`${name} is not in docker-compose.yml`);
const ofKind = (kind: string, manifests = local) => manifests.filter((each) => each.kind === kind);

/** A service that a user has added need not run in Kubernetes; CONTRIBUTING.md has the steps for it. */
const OURS = ["gateway", "gateway-rest", "service-a", "service-b"];

test("every component of the native stack, and no other", () => {
  assert.deepEqual([...workloads.keys()].sort(), native.map(({ name }) => name).sort());
});

for (const { name } of everywhere)
  test(`${name} is in deploy/kubernetes`, (t) => {
    if (workloads.has(name)) return;
    if ((SERVICE_NAMES as readonly string[]).includes(name) && !OURS.includes(name))
      return t.skip(`to run ${name} in Kubernetes: CONTRIBUTING.md, "Add a service"`);
    assert.fail(`no workload ${name}`);
  });

for (const { name } of native) {
  test(`${name}: the same image, user and arguments as in docker-compose.yml`, () => {
    const { image, user, command = [] } = composeOf(name);
    const container = containerOf(name);
    assert.equal(container.image, image);
    assert.equal(template(name).spec.securityContext.runAsUser, Number(user.split(":")[0]));
    assert.deepEqual(
      [...(container.command ?? []), ...(container.args ?? [])],
      command.map((each) => resolved(each)),
    );
  });

  test(`${name}: the memory limit of docker-compose.yml, and a request of CPU time`, () => {
    const { limits, requests } = containerOf(name).resources;
    assert.deepEqual(limits, { memory: `${parseMemoryLimit(composeOf(name).mem_limit)}Mi` });
    assert.equal(requests.memory, limits.memory);
    assert.match(requests.cpu ?? "", /^\d+m$/);
  });
}

test("our images are never pulled in `local`, and have no registry of ours in `production`", () => {
  for (const [name, { image }] of Object.entries(compose)) {
    if (!image.startsWith("lgtm-lab/") || !workloads.has(name)) continue;
    assert.equal(containerOf(name).imagePullPolicy, "Never", name);
    const there = containerOf(name, workloadsOf(production));
    assert.equal(there.imagePullPolicy, "IfNotPresent", name);
    assert.equal(there.image, `registry.invalid/${image}`);
    assert.ok(image.endsWith(`:${LAB_VERSION}`), image);
  }
});

/** Variables of docker-compose.yml that Kubernetes does not need: no proxy is set, the token is a Secret. */
const NOT_HERE = /^(no_proxy|NO_PROXY|FAULT_ADMIN_TOKEN_FILE|OTELCOL_CORS_ORIGINS)$/;
/** Variables that only Kubernetes has: the downward API, and the token. */
const ONLY_HERE = /^(POD_(NAME|NAMESPACE|IP)|NODE_NAME|DEPLOYMENT_ENVIRONMENT|FAULT_ADMIN_TOKEN)$/;
/** Values that differ by design: Kubernetes adds the address of the pod, or has another way in. */
const DIFFERENT: Readonly<Record<string, (inCompose: string) => string>> = {
  CONSOLE_HOSTS: () => "console:8000,$(POD_IP):8000",
  FAULT_ADMIN_NAMES: (name) => `${name},$(POD_IP)`,
  OTEL_RESOURCE_ATTRIBUTES: (list) =>
    `${list.replace(/demo$/, "$(DEPLOYMENT_ENVIRONMENT)")},k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME)`,
  GATEWAY_PUBLIC_URL: () => "http://pspd.local",
  GATEWAY_REST_PUBLIC_URL: () => "http://pspd-rest.local",
};
/** Removes the namespace of the name of a Service. */
const withoutNamespace = (value: string) => value.replace(/(?<=[a-z])\.(pspd|observability)(?=[:,/]|$)/g, "");

for (const { name } of native)
  test(`${name}: the same environment as in docker-compose.yml`, () => {
    const { environment = {} } = composeOf(name);
    const env = containerOf(name).env ?? [];
    for (const [variable, value] of Object.entries(environment)) {
      // Only passes the user's variable on; unset by default.
      if (value === `\${${variable}:-}`) continue;
      if (absent.some((each) => `${value}`.includes(`//${each}:`))) continue;
      if (NOT_HERE.test(variable) || (name === "grafana" && variable === "CONSOLE_URL")) continue;
      const there = env.find((each) => each.name === variable) ?? assert.fail(`${variable} is missing`);
      const same = DIFFERENT[variable] ?? ((each: string) => each);
      assert.equal(withoutNamespace(there.value ?? ""), same(resolved(value)), variable);
    }
    const more = env
      .map((each) => each.name)
      .filter((each) => !(each in environment) && !ONLY_HERE.test(each));
    assert.deepEqual(more, []);
  });

test("a variable refers only to variables before it; Kubernetes does not expand the others", () => {
  for (const manifests of [local, production])
    for (const [name, { spec }] of workloadsOf(manifests))
      for (const { env = [] } of spec.template.spec.containers)
        for (const [index, { name: variable, value = "" }] of env.entries())
          for (const [, used = ""] of value.matchAll(/\$\((\w+)\)/g)) {
            const at = env.findIndex((each) => each.name === used);
            assert.ok(at >= 0 && at < index, `${name}: ${variable} refers to ${used}`);
          }
});

/** Ports that only a component itself uses: gRPC between the parts of one process. */
const OWN_USE: readonly PortVariable[] = ["LOKI_GRPC_PORT", "TEMPO_GRPC_PORT"];
const portsOf = ({ ports }: Component) =>
  ports.filter((each) => !OWN_USE.includes(each)).map((each): number => DEFAULT_PORTS[each]);
const byNumber = (one: number, other: number) => one - other;

for (const component of native)
  test(`${component.name}: the native ports, the same number at its Service, and the port that is scraped`, () => {
    const { ports = [] } = containerOf(component.name);
    assert.deepEqual(
      ports.map(({ containerPort }) => containerPort).sort(byNumber),
      portsOf(component).sort(byNumber),
    );
    const services = ofKind("Service").filter(
      ({ spec }) => spec.selector["app.kubernetes.io/name"] === component.name,
    );
    assert.equal(services.length, ports.length > 0 ? 1 : 0);
    for (const { spec } of services)
      for (const { name, port, targetPort } of spec.ports) {
        assert.equal(name, targetPort);
        assert.equal(
          ports.find((each) => each.name === targetPort)?.containerPort,
          port,
          `${component.name}: ${name}`,
        );
      }
    const { annotations = {} } = template(component.name).metadata;
    const { scrape } = component;
    assert.equal(annotations["prometheus.io/scrape"], scrape && "true");
    assert.equal(annotations["prometheus.io/port"], scrape && `${DEFAULT_PORTS[scrape.port]}`);
  });

for (const { name, readyUrl } of native)
  test(`${name}: three probes; readiness asks the native address`, () => {
    const { startupProbe, readinessProbe, livenessProbe, ports = [] } = containerOf(name);
    const probes = [startupProbe, readinessProbe, livenessProbe];
    if (!readyUrl) return assert.deepEqual(probes, [undefined, undefined, undefined]);
    const { port, pathname } = new URL(readyUrl({ ports: DEFAULT_PORTS }));
    assert.equal(readinessProbe?.httpGet?.path, pathname);
    for (const probe of probes)
      assert.equal(`${ports.find((each) => each.name === probe?.httpGet?.port)?.containerPort}`, port);
  });

for (const [overlay, manifests, drainMs] of [
  ["local", local, DEFAULT_DRAIN_MS],
  // The longest stream and its grace.
  ["production", production, 62_000],
] as const)
  test(`${overlay}: a service has its whole time to stop after preStop`, () => {
    const all = workloadsOf(manifests);
    for (const { name, graceMs } of native) {
      if (graceMs === undefined) continue;
      const { env = [], lifecycle } = containerOf(name, all);
      const drain = Number(env.find((each) => each.name === "DRAIN_MS")?.value ?? DEFAULT_DRAIN_MS);
      assert.equal(drain, drainMs, name);
      const seconds = lifecycle?.preStop?.sleep?.seconds ?? 0;
      assert.ok(seconds >= 5, `${name}: ${seconds} s`);
      const grace = all.get(name)?.spec.template.spec.terminationGracePeriodSeconds ?? 0;
      assert.ok(grace * 1000 >= seconds * 1000 + graceMs - DEFAULT_DRAIN_MS + drain, name);
    }
  });

/** Files that Kubernetes has under another name or not at all: it discovers its targets. */
const SCRAPE = "/etc/lab/prometheus/scrape.yml";
const TARGETS = /^\/etc\/lab\/prometheus\/targets\/(services|stack)\.json$/;

/** Returns the files that docker-compose.yml provides to a component, and their originals. */
function filesInCompose(name: string, profile: string): Map<string, string> {
  const mounts = (composeOf(name).volumes ?? []).map((mount) =>
    resolved(mount, { LAB_SLO_PROFILE: profile }),
  );
  const files = new Map<string, string>();
  for (const [source = "", target = ""] of mounts.map((mount) => mount.split(":"))) {
    if (!target.startsWith("/clone/")) continue;
    const provided = target.replace("/clone/", "/etc/lab/");
    if (statSync(join(REPOSITORY, source)).isFile()) files.set(provided, source);
    else
      for (const file of globSync("**/*.{json,yml,yaml}", { cwd: join(REPOSITORY, source) }))
        files.set(`${provided}/${file}`, join(source, file));
  }
  return files;
}

for (const [profile, manifests] of [
  ["demo", local],
  ["production", production],
] as const)
  for (const name of ["otelcol", "tempo", "loki", "prometheus", "alertmanager", "grafana"])
    test(`${name}: the same files as in docker-compose.yml, with the profile ${profile}`, () => {
      const here = filesIn(workloadsOf(manifests).get(name)?.spec.template ?? assert.fail(), manifests);
      const there = filesInCompose(name, profile);
      for (const path of there.keys()) if (TARGETS.test(path)) there.delete(path);
      if (there.has(SCRAPE)) there.set(SCRAPE, "prometheus/scrape/kubernetes.yml");
      if (name === "grafana" && profile === "production")
        there.set(
          "/etc/lab/grafana/provisioning/alerting/slo-rules.yaml",
          "grafana/production/slo-rules.yaml",
        );
      assert.deepEqual([...here.keys()].sort(), [...there.keys()].sort());
      for (const [path, file] of there)
        if (file.endsWith(".json") && name === "prometheus")
          assert.deepEqual(JSON.parse(here.get(path) ?? ""), JSON.parse(read(file)), path);
        else assert.equal(here.get(path)?.trim(), read(file).trim(), path);
    });

test("the scrape jobs are those of the other modes, with discovery and relabelling added", () => {
  const jobs = (file: string): Record<string, unknown>[] => parse(read(file)).scrape_configs;
  const here = jobs("prometheus/scrape/kubernetes.yml").map(
    ({ kubernetes_sd_configs, relabel_configs, tls_config, ...rest }) => {
      assert.ok(kubernetes_sd_configs && relabel_configs);
      // The targets are addresses of pods, which no certificate contains.
      assert.deepEqual(tls_config, { server_name: "localhost" });
      return rest;
    },
  );
  assert.deepEqual(
    here,
    jobs("prometheus/scrape/files.yml")
      .filter(({ job_name }) => job_name !== "instances") // Kubernetes discovers them like all pods
      .map(({ file_sd_configs, ...rest }) => rest),
  );
});

test("Prometheus may find pods in the namespaces of its scrape jobs; nobody else has a token", () => {
  const jobs = parse(read("prometheus/scrape/kubernetes.yml")).scrape_configs;
  const namespaces = jobs.flatMap((job: { kubernetes_sd_configs: { namespaces: { names: string[] } }[] }) =>
    job.kubernetes_sd_configs.flatMap((each) => each.namespaces.names),
  );
  for (const kind of ["Role", "RoleBinding"])
    assert.deepEqual(
      ofKind(kind)
        .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
        .sort(),
      namespaces.map((each: string) => `${each}/prometheus`).sort(),
    );
  for (const { metadata, automountServiceAccountToken } of ofKind("ServiceAccount"))
    assert.equal(automountServiceAccountToken, metadata.name === "prometheus", metadata.name);
  const accounts = new Set(ofKind("ServiceAccount").map(({ metadata }) => metadata.name));
  assert.equal(accounts.size, workloads.size);
  for (const name of workloads.keys())
    assert.ok(accounts.has(template(name).spec.serviceAccountName), `${name} has no ServiceAccount`);
});

test("no pod gets variables of Services: TEMPO_PORT would be an address", () => {
  for (const name of workloads.keys()) assert.equal(template(name).spec.enableServiceLinks, false, name);
});

test("selectors, Ingress, HorizontalPodAutoscalers and PodDisruptionBudgets refer to what exists", () => {
  for (const [name, { spec }] of workloads) {
    assert.ok(matches(spec.selector, spec.template.metadata.labels), name);
    if (spec.serviceName)
      assert.ok(ofKind("Service").some(({ metadata }) => metadata.name === spec.serviceName));
  }
  for (const { spec } of ofKind("Ingress"))
    for (const { backend } of spec.rules.flatMap(({ http }) => http.paths)) {
      const service = ofKind("Service").find(({ metadata }) => metadata.name === backend.service.name);
      assert.ok(service?.spec.ports.some(({ name }) => name === backend.service.port.name));
    }
  const scaled = ofKind("HorizontalPodAutoscaler").map(({ spec }) => spec.scaleTargetRef.name);
  assert.deepEqual(scaled.sort(), [...services].sort());
  for (const { spec } of ofKind("PodDisruptionBudget")) {
    const selected = [...workloads.values()].filter((each) =>
      matches(spec.selector, each.spec.template.metadata.labels),
    );
    assert.equal(selected.length, 1);
  }
  assert.equal(ofKind("PodDisruptionBudget").length, services.length);
});

test("the Ingress has the routes of the API, and not /metrics, /healthz and /readyz", () => {
  for (const [manifests, others] of [
    [local, ["Exact /"]],
    [production, []],
  ] as const)
    for (const { http } of ofKind("Ingress", manifests).flatMap(({ spec }) => spec.rules))
      assert.deepEqual(
        http.paths.map(({ path, pathType }) => `${pathType} ${path}`),
        ["Prefix /a", "Prefix /b", ...others],
      );
});

test("in `production` no pod has the token of the fault admin ports, and nothing leads to them", () => {
  // Without the token, a service that a user has added opens no port either.
  const faultPorts: readonly number[] = SERVICE_NAMES.filter((name) => OURS.includes(name)).map(
    (name) => SERVICES[name].ports.faultAdmin.port,
  );
  const without = (manifests: readonly Manifest[]) => ({
    tokens: [...workloadsOf(manifests).values()].filter(({ spec }) =>
      spec.template.spec.containers[0]?.env?.some(({ name }) => name === "FAULT_ADMIN_TOKEN"),
    ).length,
    services: ofKind("Service", manifests).filter(({ spec }) =>
      spec.ports.some(({ port }) => faultPorts.includes(port)),
    ).length,
    rules: ofKind("NetworkPolicy", manifests)
      .flatMap(({ spec }) => [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      .filter(({ ports }) => ports?.some(({ port }) => faultPorts.includes(port))).length,
  });
  assert.deepEqual(without(production), { tokens: 0, services: 0, rules: 0 });
  assert.ok(Object.values(without(local)).every((count) => count >= OURS.length));
});

test("a StatefulSet replaces a pod that never became ready, and every pod runs on Linux", () => {
  for (const [name, { kind, spec }] of workloads) {
    if (kind === "StatefulSet") assert.equal(spec.podManagementPolicy, "Parallel", name);
    assert.deepEqual(spec.template.spec.nodeSelector, { "kubernetes.io/os": "linux" }, name);
  }
});

test("in `production` the gateways balance over the pods that headless Services list", () => {
  const inProduction = workloadsOf(production);
  for (const gateway of GATEWAY_NAMES) {
    const variableOf = (variable: string, all = inProduction) =>
      containerOf(gateway, all).env?.find(({ name }) => name === variable)?.value ?? "";
    assert.ok(Number(variableOf("UPSTREAM_DNS_MS")) > 0);
    for (const variable of ["SERVICE_A_GRPC", "SERVICE_B_GRPC", "SERVICE_A_REST", "SERVICE_B_REST"]) {
      const address = variableOf(variable);
      assert.equal(address.replace("-pods:", ":"), variableOf(variable, workloads));
      const [, name, service, port] = /((service-[ab])-pods):(\d+)$/.exec(address) ?? assert.fail(address);
      const { spec } =
        ofKind("Service", production).find(({ metadata }) => metadata.name === name) ?? assert.fail(name);
      assert.equal(spec.clusterIP, "None");
      assert.deepEqual(spec.selector, { "app.kubernetes.io/name": service });
      assert.ok(spec.ports.some((each) => each.port === Number(port)));
    }
  }
});

/** Returns whether policies allow a connection at one of its ends. */
function allows(way: "ingress" | "egress", at: Manifest, other: Manifest, port: number): boolean {
  const rules = ofKind("NetworkPolicy")
    .filter(
      ({ metadata, spec }) =>
        metadata.namespace === at.metadata.namespace &&
        matches(spec.podSelector, at.spec.template.metadata.labels),
    )
    .flatMap(({ spec }): readonly PolicyRule[] => spec[way] ?? []);
  return rules.some(
    (rule) =>
      (rule.ports?.some((each) => each.port === port && (each.protocol ?? "TCP") === "TCP") ?? true) &&
      (rule.from ?? rule.to ?? []).some(
        ({ namespaceSelector, podSelector = {}, ipBlock }) =>
          !ipBlock &&
          matches(podSelector, other.spec.template.metadata.labels) &&
          (namespaceSelector
            ? matches(namespaceSelector, { "kubernetes.io/metadata.name": other.metadata.namespace ?? "" })
            : at.metadata.namespace === other.metadata.namespace),
      ),
  );
}

test("the NetworkPolicies allow exactly the listed connections", () => {
  const allowed = [...workloads].flatMap(([from, source]) =>
    [...workloads].flatMap(([to, target]) =>
      containerPortsOf(target)
        .filter((port) => allows("egress", source, target, port) && allows("ingress", target, source, port))
        .map((port) => connection(from, to, port)),
    ),
  );
  assert.deepEqual(allowed.sort(), allowedConnections(workloads));
});

test("every namespace denies what no policy allows", () => {
  for (const { metadata } of ofKind("Namespace"))
    assert.ok(
      ofKind("NetworkPolicy").some(
        (each) =>
          each.metadata.namespace === metadata.name && Object.keys(each.spec.podSelector).length === 0,
      ),
      metadata.name,
    );
});

test("the Ingress controllers of the gateways can reach the solver of cert-manager, and nothing else can", () => {
  const policies = ofKind("NetworkPolicy", production);
  const named = (wanted: string) =>
    policies.find(({ metadata }) => metadata.namespace === "pspd" && metadata.name === wanted)?.spec ??
    assert.fail(wanted);
  const solver = named("acme-solver");
  assert.deepEqual(solver.podSelector, { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } });
  for (const gateway of GATEWAY_NAMES) {
    const controllers = named(gateway).ingress?.[0]?.from?.slice(0, 2);
    assert.deepEqual(solver.ingress, [{ from: controllers, ports: [{ port: 8089 }] }]);
  }
  const [, patched = ""] =
    /behind='\{kind: NetworkPolicy, name: (.+?)\}'/.exec(read("deploy/setup.sh")) ?? [];
  assert.deepEqual(patched.split("|"), [...GATEWAY_NAMES, "acme-solver"]);
});
