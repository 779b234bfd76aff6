import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { INTERNAL_SERVICE_NAMES, SCALABLE, SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { LAB_VERSION, REPOSITORY } from "@lgtm-lab/contracts/repository";
import pWaitFor from "p-wait-for";
import { parse } from "yaml";
import { CERTIFICATES, scrapeTargets, TLS, USERS } from "../../deploy/container/env.ts";
import { CERTIFICATE_OWNERS } from "../../packages/stack/src/certificates.ts";
import type { Component, ComponentContext } from "../../packages/stack/src/components/component.ts";
import { alertInbox } from "../../packages/stack/src/components/console.ts";
import { COMPONENTS } from "../../packages/stack/src/components/index.ts";
import { createTargetLists } from "../../packages/stack/src/components/prometheus.ts";
import { traffic } from "../../packages/stack/src/components/services.ts";
import { readEnvironment } from "../../packages/stack/src/env.ts";
import {
  DEFAULT_PORTS,
  HOST,
  httpAddress,
  PORT_VARIABLES,
  type Ports,
  type PortVariable,
} from "../../packages/stack/src/ports.ts";
import { temporaryFolder } from "../../packages/stack/test/helpers.ts";
import { parseMemoryLimit, readComposeFile, resolved, type Service } from "../compose/file.ts";
import { workspaceFolders } from "../runner/working-tree.ts";

/**
 * Compares docker-compose.yml with the components of the native stack: the same programs, arguments and settings; and the
 * same with TLS. Needs no Docker engine.
 */
const compose = readComposeFile();
const withTls = readComposeFile("tls");
/** The files of Compose, and the ports of the native stack with which they must agree. */
const MODES: readonly { readonly mode: string; readonly file: typeof compose; readonly ports: Ports }[] = [
  { mode: "", file: compose, ports: DEFAULT_PORTS },
  { mode: " with TLS", file: withTls, ports: { ...DEFAULT_PORTS, usesTls: true } },
];
const native = [...COMPONENTS, traffic(4)];
/** Services that the gateways do not call need not be in docker-compose.tls.yml. Until they are, they cannot run with TLS. */
const withoutTls: readonly string[] = INTERNAL_SERVICE_NAMES.filter(
  (name) => !SERVICES[name].behindGateways && !("TLS_CERT_FILE" in (withTls[name]?.environment ?? {})),
);
for (const name of withoutTls)
  test(`${name} is in docker-compose.tls.yml`, (t) =>
    t.skip(`to run ${name} with TLS in containers: CONTRIBUTING.md, "Add a service"`));
/** Services without a native counterpart. */
const HELPERS = ["probe", "init", "fault"];
/** Ports that only the stack itself uses. They are not published. */
const INSIDE: readonly PortVariable[] = [
  "LOKI_GRPC_PORT",
  "TEMPO_GRPC_PORT",
  "TEMPO_OTLP_PORT",
  "OTELCOL_HEALTH_PORT",
  "OTELCOL_METRICS_PORT",
  "NODE_EXPORTER_PORT",
  ...SERVICE_NAMES.map((name) => SERVICES[name].ports.faultAdmin.variable),
];
const ANY = "0.0.0.0";
const read = (path: string) => readFileSync(join(REPOSITORY, path), "utf8");
const serviceOf = ({ name }: Component, file = compose): Service =>
  file[name] ?? assert.fail(`${name} is not in docker-compose.yml`);

function contextOf({ name }: Component, ports: Ports = DEFAULT_PORTS): ComponentContext {
  const [root, stateFolder, data] = ["/root", "/state", `/state/${name}`];
  return {
    root,
    stateFolder,
    data,
    ports,
    sloProfile: "demo",
    faultToken: "token",
    program: "/program",
  };
}

/** Converts a native value to its equivalent in a container: relative paths, and service names as hosts. */
function asInContainer(value: string): string {
  const host = (_: string, port: string) => {
    const owner = COMPONENTS.find(({ ports }) => ports.some((each) => `${DEFAULT_PORTS[each]}` === port));
    return `${owner?.name}:${port}`;
  };
  return value
    .replace(/^(.*=)?\/root\//, "$1")
    .replace(/^(.*=)?\/state\/prometheus\/prometheus\.yml$/, "$1prometheus.yml")
    .replace(/^(.*=)?\/state\/[a-z_-]+$/, "$1<data>")
    .replace(/(?:127\.0\.0\.1|localhost):(\d+)/g, host);
}

/** The folder from which a component reads its configuration, and the one in which the original files are mounted. */
const [PROVIDED, CLONE] = ["/etc/lab/", "/clone/"];

/** The native files of the certificates by the volume and the file in a container. */
const CERTIFICATE_FILES: ReadonlyMap<string, string> = new Map([
  ["tls-ca/ca.crt", "/state/tls/ca.pem"],
  ...CERTIFICATE_OWNERS.flatMap((owner) =>
    (
      [
        ["ca.crt", "ca.pem"],
        ["tls.crt", `${owner}.pem`],
        ["tls.key", `${owner}-key.pem`],
        ["expired.crt", `${owner}-expired.pem`],
        ["expired.key", `${owner}-expired-key.pem`],
      ] as const
    ).map(([file, native]) => [`tls-${owner}/${file}`, `/state/tls/${native}`] as const),
  ),
]);

/** Returns the native file of a certificate or key, if the value is the path of one in a mounted volume. */
function nativeCertificate({ volumes = [] }: Service, value: string): string | undefined {
  for (const mount of volumes) {
    const [source, target = ""] = mount.split(":");
    if (value.startsWith(`${target}/`))
      return CERTIFICATE_FILES.get(`${source}/${value.slice(target.length + 1)}`);
  }
  return undefined;
}

/** Converts a value of docker-compose.yml to the same form: replaces a mounted path with the source of the mount. */
function asWritten(service: Service, value: string | number): string {
  let text = resolved(value).replace(PROVIDED, CLONE);
  for (const mount of service.volumes ?? []) {
    const [source = "", target = ""] = resolved(mount).split(":");
    const named = !/^[./]/.test(source);
    text = text.replace(
      new RegExp(`^(.*=)?${target}(?=$|/)`),
      `$1${named ? "<data>" : source.replace(/^\.\//, "")}`,
    );
  }
  return text;
}

test("the same components, plus the helpers that containers need", () => {
  assert.deepEqual(Object.keys(compose).sort(), [...native.map(({ name }) => name), ...HELPERS].sort());
});

test("the same versions, except Tempo, whose image and Go module differ", () => {
  for (const component of native) {
    const tag = serviceOf(component).image.split(":")[1];
    const { program } = component;
    if (program.kind === "node") assert.equal(tag, LAB_VERSION, component.name);
    else {
      assert.equal(tag?.replace(/^v/, ""), program.release?.version, component.name);
      if (program.module && component.name !== "tempo")
        assert.equal(program.module.version, program.release?.version);
    }
  }
});

test("the same Node, and the version of the lab in its images", () => {
  const { devDependencies } = JSON.parse(read("package.json"));
  const { args } = compose.init?.build ?? assert.fail();
  const image = `node:${devDependencies.node}-bookworm-slim`;
  assert.equal(resolved(args.NODE_IMAGE ?? ""), image);
  assert.match(read("Dockerfile"), new RegExp(`^ARG NODE_IMAGE=${image}$`, "m"));
  assert.equal(args.VERSION, LAB_VERSION);
});

test("the version of the lab is the same in each workspace, image and page", () => {
  for (const folder of workspaceFolders())
    assert.equal(JSON.parse(read(`${folder}/package.json`)).version, LAB_VERSION, folder);
  /** Tags of our images, the build argument, the telemetry resource, and the output of `lab start`. */
  const STATED =
    /(?:lgtm-lab\/(?:\w+|\$\{\{ [\w.]+ \}\}):|\bVERSION(?:=|: )|service\.version=|\((?=[\d.]+, repository\)))(\d[\w.]*)/g;
  for (const [file, times] of [
    ["Dockerfile", 2],
    ["docker-compose.yml", 4],
    [".github/workflows/ci.yml", 2],
    ["docs/own-service.md", 1],
    ["docs/native-stack.md", 6],
  ] as const) {
    const versions = [...read(file).matchAll(STATED)].map(([, version]) => version);
    assert.deepEqual(versions, Array(times).fill(LAB_VERSION), file);
  }
});

test("the same ports and variables, published on loopback only; internal ports are not published", () => {
  const published = native.flatMap((component) =>
    (serviceOf(component).ports ?? []).map((line) => {
      const [, variable = "", port = ""] =
        (component.stage === "service"
          ? /^127\.0\.0\.1:\$\{([A-Z_]+)-(\d+)\}:\2$/
          : /^127\.0\.0\.1:\$\{([A-Z_]+):-(\d+)\}:\2$/
        ).exec(line) ?? assert.fail(line);
      assert.ok(component.ports.includes(variable as PortVariable), `${component.name} has no ${variable}`);
      assert.equal(Number(port), DEFAULT_PORTS[variable as PortVariable], variable);
      return variable;
    }),
  );
  assert.deepEqual([...published, ...INSIDE].sort(), [...PORT_VARIABLES].sort());
  for (const name of HELPERS) assert.equal(compose[name]?.ports, undefined);
});

/** Arguments that only the container needs, to observe the host instead of itself. */
const MORE_ARGUMENTS = /^--path\.(rootfs|procfs|sysfs)=\/host/;
/** Variables that differ by design: containers use another name or another value. */
const OWN = /^(FAULT_ADMIN_TOKEN|LAB_STATE|LAB_GRAFANA|GOMEMLIMIT|GOGC|[A-Z]+_DATA|GF_.*|CONSOLE_URL)$/;

for (const { mode, file, ports, component } of MODES.flatMap((mode) =>
  native.map((component) => ({ ...mode, component })),
)) {
  if (ports.usesTls && withoutTls.includes(component.name)) continue;
  test(`${component.name}${mode}: the same arguments and files`, () => {
    const service = serviceOf(component, file);
    const wanted =
      component.name === "grafana" ? [] : component.args(contextOf(component, ports)).map(asInContainer);
    const command = (service.command ?? []).filter(
      (argument) => argument !== "node" && !MORE_ARGUMENTS.test(argument),
    );
    const written = command
      .map((argument) => asWritten(service, argument).replace(ANY, component.name))
      .map((argument) => asInContainer(argument));
    assert.deepEqual(written.sort(), wanted.map((each) => each.replace(`${REPOSITORY}/`, "")).sort());
  });

  test(`${component.name}${mode}: the same environment`, () => {
    const service = serviceOf(component, file);
    const context = contextOf(component, ports);
    const environment = component.name === "grafana" ? grafanaEnv(context) : component.env?.(context);
    for (const [name, value] of Object.entries(environment ?? {})) {
      if (OWN.test(name) || (PORT_VARIABLES.includes(name as PortVariable) && !service.environment?.[name]))
        continue;
      const there = service.environment?.[name];
      assert.notEqual(there, undefined, `${name} is missing`);
      const wanted = value === HOST ? ANY : asInContainer(value);
      const written = resolved(there ?? "");
      assert.equal(nativeCertificate(service, written) ?? written, wanted, name);
    }
  });
}

test("the services in containers get the DRAIN_MS of the user", () => {
  for (const name of SERVICE_NAMES) {
    const { DRAIN_MS = "" } = compose[name]?.environment ?? {};
    assert.equal(resolved(DRAIN_MS, { DRAIN_MS: "15000" }), "15000", name);
  }
});

test("the collector's default origins are the same in containers", () => {
  const [, fallback] =
    /\$\{env:OTELCOL_CORS_ORIGINS:-([^}]*)\}/.exec(read("otel-collector.yaml")) ?? assert.fail();
  assert.equal(compose.otelcol?.environment?.OTELCOL_CORS_ORIGINS, `\${OTELCOL_CORS_ORIGINS:-${fallback}}`);
});

/** Returns the native environment of Grafana, without the password, which is read from a file of the running stack. */
const grafanaEnv = ({ ports }: ComponentContext) => ({
  ...Object.fromEntries(
    (["PROMETHEUS", "LOKI", "TEMPO", "ALERTMANAGER"] as const).map((name) => [
      `${name}_URL`,
      httpAddress(ports, `${name}_PORT`),
    ]),
  ),
  WEBHOOK_URL: alertInbox(ports),
  ...(ports.usesTls && { SSL_CERT_FILE: "/state/tls/ca.pem" }),
});

for (const { mode, ports } of MODES)
  test(`the same scrape targets, and the same alert receiver${mode}`, () => {
    const stateFolder = temporaryFolder();
    const targets = createTargetLists(stateFolder, COMPONENTS, ports);
    for (const component of COMPONENTS) targets.add(component);
    // `init` adds what can use TLS. The files in the repository are for the user's services, and for the other components.
    const { instances, services, stack } = scrapeTargets({ tls: ports.usesTls ?? false });
    const added: Record<string, readonly object[]> = { services: [...instances, ...services], stack };
    for (const list of ["services", "stack", "alertmanager"]) {
      const written = readFileSync(join(stateFolder, `prometheus/targets/${list}.json`), "utf8");
      assert.deepEqual(
        [...(added[list] ?? []), ...JSON.parse(read(`deploy/compose/targets/${list}.json`))],
        JSON.parse(written.replace(/"127[^"]+"/g, (each) => JSON.stringify(asInContainer(JSON.parse(each))))),
      );
    }
    assert.equal(read("deploy/compose/webhook-url").trim(), asInContainer(alertInbox(ports)));
  });

test("with TLS, nothing calls over HTTP what uses TLS, except the fault admin ports", () => {
  const plaintext = Object.entries(withTls).flatMap(([name, { environment = {} }]) =>
    Object.entries(withoutTls.includes(name) ? {} : environment)
      .filter(([variable]) => !variable.startsWith("FAULT_ADMIN_"))
      .filter(([, value]) => /http:\/\/(gateway|service-|loki|otelcol)/.test(`${value}`))
      .map(([variable]) => `${name}: ${variable}`),
  );
  assert.deepEqual(plaintext, []);
  const { environment = {} } = withTls.console ?? assert.fail();
  for (const [variable, value] of Object.entries(environment)) {
    const [, port = ""] = /:\$\{(\w+):-\d+\}$/.exec(`${value}`) ?? [];
    if (!variable.endsWith("_PUBLIC_URL")) continue;
    const ports: Ports = { ...DEFAULT_PORTS, usesTls: true };
    assert.equal(resolved(value), httpAddress(ports, port as PortVariable), variable);
  }
});

test("only the owner of a key mounts it, after `certificates` has made it, and is checked where it answers", () => {
  assert.equal(CERTIFICATES, "/volumes/certificates");
  const owners = CERTIFICATE_OWNERS.filter((owner) => !withoutTls.includes(owner));
  const volumes = ["certificates", "tls-ca", ...owners.map((owner) => `tls-${owner}`)];
  const mountsOf = (name: string) => withTls[name]?.volumes?.map((mount) => mount.split(":")) ?? [];
  for (const name of ["certificates", "init"])
    assert.deepEqual(
      mountsOf(name)
        .filter(([source = ""]) => volumes.includes(source))
        .sort(),
      [
        ["certificates", CERTIFICATES],
        ...volumes.slice(1).map((volume) => [volume, `${TLS}/${volume.slice(4)}`]),
      ].sort(),
    );
  for (const [name, { depends_on, healthcheck, environment = {}, user }] of Object.entries(withTls)) {
    if (name === "certificates" || name === "init") continue;
    const mounts = mountsOf(name).filter(([source = ""]) => volumes.includes(source));
    for (const [source, , mode] of mounts) {
      assert.ok(source === "tls-ca" || source === `tls-${name}`, `${name} mounts ${source}`);
      assert.equal(mode, "ro", name);
      assert.equal(depends_on?.certificates?.condition, "service_healthy", name);
    }
    if (!mounts.some(([source]) => source === `tls-${name}`)) continue;
    // The files belong to the user and the groups of `certificates`.
    const { group_add = [], user: maker } = withTls.certificates ?? assert.fail();
    assert.ok([maker, ...group_add.map((group) => `${group}:${group}`)].includes(user), `${name}: ${user}`);
    if ("HEALTH_PORT" in environment)
      assert.deepEqual(healthcheck?.test, ["CMD", "ready", `127.0.0.1:${environment.HEALTH_PORT}/readyz`]);
  }
});

test("configuration is mounted read-only", () => {
  for (const [name, { volumes = [] }] of Object.entries(withTls))
    for (const mount of volumes) if (/^[./$]/.test(mount)) assert.match(mount, /:ro$/, `${name}: ${mount}`);
});

for (const { mode, file } of MODES)
  test(`init mounts the same files of the clone as each component, at the same paths, and knows the component's user${mode}`, () => {
    const inInit = (file.init?.volumes ?? []).filter((mount) => mount.includes(`:${CLONE}`));
    const inComponents = Object.entries(file).flatMap(([name, { volumes = [], user, depends_on }]) => {
      const mounts = volumes.filter((mount) => mount.includes(`:${CLONE}`));
      if (name === "init" || mounts.length === 0) return [];
      for (const mount of mounts) assert.ok(mount.includes(`:${CLONE}${name}/`), `${name}: ${mount}`);
      assert.ok(volumes.includes(`configuration:${PROVIDED.replace(/\/$/, "")}:ro`), name);
      assert.equal(user.split(":")[0], `${USERS[name as keyof typeof USERS]}`, name);
      assert.equal(depends_on?.init?.condition, "service_completed_successfully", name);
      return mounts;
    });
    assert.ok(inInit.length > 8, `${inInit.length}`);
    assert.deepEqual(inInit.toSorted(), inComponents.toSorted());
  });

for (const [what, variables] of Object.entries({
  "without the user's own list": {},
  "with no_proxy": { no_proxy: "example.com" },
  "with both spellings": { no_proxy: "a.example", NO_PROXY: "b.example,.internal" },
}))
  test(`no container uses a proxy for the stack's names or for itself: ${what}`, () => {
    const wanted = ["localhost", "127.0.0.1", "::1", ...Object.keys(compose), ...Object.values(variables)];
    for (const [name, { environment = {} }] of Object.entries(compose)) {
      const list = resolved(environment.no_proxy ?? "", variables);
      const entries = list.split(",");
      for (const host of wanted.flatMap((each) => each.split(",")))
        assert.ok(entries.includes(host), `${name}: ${host} is missing in ${list}`);
      assert.doesNotMatch(list, /\s|,,|^,|,$/, name);
      assert.equal(environment.NO_PROXY, environment.no_proxy, name);
    }
  });

test("health checks with busybox's wget, which ignores no_proxy, bypass the proxy", () => {
  const commands = Object.values(compose).flatMap(({ healthcheck }) => healthcheck?.test ?? []);
  assert.ok(commands.includes("wget"));
  for (const [index, argument] of commands.entries())
    if (argument === "wget") assert.deepEqual(commands.slice(index + 1, index + 3), ["-Y", "off"]);
});

test("nothing depends on Grafana", () => {
  for (const { depends_on = {} } of Object.values(compose)) assert.ok(!("grafana" in depends_on));
});

test("README.md and docker-compose.yml state the sum of the memory limits", () => {
  const limits = Object.entries(compose).filter(([name]) => !["init", "fault"].includes(name));
  const sum = limits.reduce((total, [, { mem_limit }]) => total + parseMemoryLimit(mem_limit), 0);
  for (const file of ["docker-compose.yml", "README.md"])
    assert.ok(read(file).includes(` ${sum} MiB`), `${file} does not state ${sum} MiB`);
});

test("`docker compose up --scale` can start several instances of A and B, and Prometheus scrapes each of them", () => {
  assert.ok(SCALABLE.length > 1);
  for (const name of SCALABLE) {
    const service: Service & { container_name?: string } = compose[name] ?? assert.fail(name);
    assert.equal(service.container_name, undefined, name);
    // A fixed port of this machine can be published for one instance only, so empty variables let Docker choose.
    for (const line of service.ports ?? []) {
      const [, variable = ""] = /\$\{(\w+)-/.exec(line) ?? assert.fail(line);
      assert.match(resolved(line, { [variable]: "" }), /^127\.0\.0\.1::\d+$/, name);
    }
  }
  for (const [scheme, all] of [
    ["", compose],
    ["https://", withTls],
  ] as const) {
    const [script, file, ...services] = all.probe?.command ?? [];
    assert.equal(script, "deploy/container/instances");
    assert.equal(file, `${PROVIDED}prometheus/instances/services.json`);
    const { instances } = scrapeTargets({ tls: false });
    assert.deepEqual(
      services,
      instances.flatMap(({ targets }) => targets.map((target) => scheme + target)),
    );
  }
  const [services, instances] = parse(read("prometheus/scrape/files.yml")).scrape_configs;
  assert.deepEqual(instances, {
    ...services,
    job_name: "instances",
    // A name of each certificate; the addresses of the containers are not.
    tls_config: { server_name: "localhost" },
    file_sd_configs: [{ ...services.file_sd_configs[0], files: ["instances/services.json"] }],
  });
  for (const gateway of ["gateway", "gateway-rest"])
    assert.equal(
      resolved(compose[gateway]?.environment?.UPSTREAM_DNS_MS ?? "", { UPSTREAM_DNS_MS: "1000" }),
      "1000",
    );
});

test("the list of instances is an error if it cannot be written, so that the container is restarted", async () => {
  const script = join(REPOSITORY, "deploy/container/instances");
  const file = join(temporaryFolder(), "missing/services.json");
  const child = spawn(script, [file, "localhost:1"], {
    env: { ...readEnvironment().basic },
    stdio: "ignore",
  });
  assert.deepEqual(await once(child, "exit"), [1, null]);
});

test("the list of instances has each address of a name, and the name itself if it has only one", async (t) => {
  const folder = temporaryFolder();
  const [file, addresses] = [join(folder, "services.json"), join(folder, "addresses")];
  // The system's getent, whose names a test cannot change, is replaced by a file of `name address` lines.
  writeFileSync(
    join(folder, "getent"),
    `#!/bin/bash\nwhile read -r name ip; do [ "$name" != "$2" ] || printf '%s STREAM x\\n%s DGRAM\\n' $ip $ip; done < ${addresses}\n`,
    { mode: 0o755 },
  );
  const list = async (lines: string, isExpected: (targets: string[][]) => boolean) => {
    writeFileSync(addresses, lines);
    await pWaitFor(
      () => {
        if (!existsSync(file)) return false;
        return isExpected(
          JSON.parse(readFileSync(file, "utf8")).map((group: { targets: string[] }) => group.targets),
        );
      },
      { interval: 20, timeout: 10_000 },
    );
  };
  writeFileSync(addresses, "a 10.0.0.1\n");
  const script = join(REPOSITORY, "deploy/container/instances");
  const child = spawn(script, [file, "a:50061", "https://b:50062"], {
    env: { PATH: `${folder}:${readEnvironment().basic.PATH}` },
    stdio: "ignore",
    detached: true,
  });
  t.after(() => process.kill(-(child.pid ?? 0)));
  const isDeepEqual = (wanted: string[][]) => (found: string[][]) => isDeepStrictEqual(found, wanted);
  await list("a 10.0.0.1\n", isDeepEqual([["a:50061"], ["b:50062"]]));
  await list(
    "a 10.0.0.2\na 10.0.0.1\nb 10.0.0.3\n",
    isDeepEqual([["10.0.0.1:50061", "10.0.0.2:50061"], ["b:50062"]]),
  );
  const labelsOf = () =>
    JSON.parse(readFileSync(file, "utf8")).map((group: { labels: object }) => group.labels);
  const labels = { job: "a", service_name: "a" };
  assert.deepEqual(labelsOf(), [labels, { job: "b", service_name: "b", __scheme__: "https" }]);
});
