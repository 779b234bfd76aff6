import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { SCALABLE, SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { LAB_VERSION, REPOSITORY } from "@lgtm-lab/contracts/repository";
import pWaitFor from "p-wait-for";
import { instanceTargets, serviceTargets, USERS } from "../../deploy/container/env.ts";
import type { Component, ComponentContext } from "../../packages/stack/src/components/component.ts";
import { alertInbox } from "../../packages/stack/src/components/console.ts";
import { COMPONENTS } from "../../packages/stack/src/components/index.ts";
import { createTargetLists } from "../../packages/stack/src/components/prometheus.ts";
import { traffic } from "../../packages/stack/src/components/services.ts";
import { readEnvironment } from "../../packages/stack/src/env.ts";
import { DEFAULT_PORTS, HOST, PORT_VARIABLES, type PortVariable } from "../../packages/stack/src/ports.ts";
import { temporaryFolder } from "../../packages/stack/test/helpers.ts";
import { parseMemoryLimit, readComposeFile, resolved, type Service } from "../compose/file.ts";
import { workspaceFolders } from "../runner/working-tree.ts";

/**
 * Compares docker-compose.yml with the components of the native stack: the same programs, arguments and settings.
 * Needs no Docker engine.
 */
const compose = readComposeFile();
const native = [...COMPONENTS, traffic(4)];
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
const serviceOf = ({ name }: Component): Service =>
  compose[name] ?? assert.fail(`${name} is not in docker-compose.yml`);

function contextOf({ name }: Component): ComponentContext {
  const [root, stateFolder, data] = ["/root", "/state", `/state/${name}`];
  return {
    root,
    stateFolder,
    data,
    ports: DEFAULT_PORTS,
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
    .replace(/127\.0\.0\.1:(\d+)/g, host);
}

/** The folder from which a component reads its configuration, and the one in which the original files are mounted. */
const [PROVIDED, CLONE] = ["/etc/lab/", "/clone/"];

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

for (const component of native)
  test(`${component.name}: the same arguments and files`, () => {
    const service = serviceOf(component);
    const wanted =
      component.name === "grafana" ? [] : component.args(contextOf(component)).map(asInContainer);
    const command = (service.command ?? []).filter(
      (argument) => argument !== "node" && !MORE_ARGUMENTS.test(argument),
    );
    const written = command
      .map((argument) => asWritten(service, argument).replace(ANY, component.name))
      .map((argument) => asInContainer(argument));
    assert.deepEqual(written.sort(), wanted.map((each) => each.replace(`${REPOSITORY}/`, "")).sort());
  });

/** Variables that differ by design: containers use another name or another value. */
const OWN = /^(FAULT_ADMIN_TOKEN|LAB_STATE|LAB_GRAFANA|GOMEMLIMIT|GOGC|[A-Z]+_DATA|GF_.*|CONSOLE_URL)$/;

for (const component of native)
  test(`${component.name}: the same environment`, () => {
    const service = serviceOf(component);
    const environment =
      component.name === "grafana" ? grafanaEnv(component) : component.env?.(contextOf(component));
    for (const [name, value] of Object.entries(environment ?? {})) {
      if (OWN.test(name) || (PORT_VARIABLES.includes(name as PortVariable) && !service.environment?.[name]))
        continue;
      const there = service.environment?.[name];
      assert.notEqual(there, undefined, `${name} is missing`);
      const wanted = value === HOST ? ANY : asInContainer(value);
      assert.equal(resolved(there ?? ""), wanted, name);
    }
  });

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
const grafanaEnv = (component: Component) => ({
  ...Object.fromEntries(
    ["PROMETHEUS", "LOKI", "TEMPO", "ALERTMANAGER"].map((name) => [
      `${name}_URL`,
      `http://${HOST}:${DEFAULT_PORTS[`${name}_PORT` as PortVariable]}`,
    ]),
  ),
  WEBHOOK_URL: alertInbox(contextOf(component).ports),
});

test("the same scrape targets, and the same alert receiver", () => {
  const stateFolder = temporaryFolder();
  const targets = createTargetLists(stateFolder, COMPONENTS, DEFAULT_PORTS);
  for (const component of COMPONENTS) targets.add(component);
  for (const list of ["services", "stack", "alertmanager"]) {
    const written = readFileSync(join(stateFolder, `prometheus/targets/${list}.json`), "utf8");
    const file = JSON.parse(read(`deploy/compose/targets/${list}.json`));
    // `init` adds the lab's services. The file in the repository is for the user's services.
    const here = list === "services" ? [...file, ...serviceTargets] : file;
    assert.deepEqual(
      here,
      JSON.parse(written.replace(/"127[^"]+"/g, (each) => JSON.stringify(asInContainer(JSON.parse(each))))),
    );
  }
  assert.equal(read("deploy/compose/webhook-url").trim(), asInContainer(alertInbox(DEFAULT_PORTS)));
});

test("configuration is mounted read-only", () => {
  for (const [name, { volumes = [] }] of Object.entries(compose))
    for (const mount of volumes) if (/^[./$]/.test(mount)) assert.match(mount, /:ro$/, `${name}: ${mount}`);
});

test("init mounts the same files of the clone as each component, at the same paths, and knows the component's user", () => {
  const inInit = (compose.init?.volumes ?? []).filter((mount) => mount.includes(`:${CLONE}`));
  const inComponents = Object.entries(compose).flatMap(([name, { volumes = [], user, depends_on }]) => {
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
  const [script, file, ...services] = compose.probe?.command ?? [];
  assert.equal(script, "deploy/container/instances");
  assert.equal(file, `${PROVIDED}prometheus/instances/services.json`);
  assert.match(read("prometheus/scrape/files.yml"), / instances\/services\.json\]/);
  assert.deepEqual(
    services,
    instanceTargets.flatMap(({ targets }) => targets),
  );
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
  const child = spawn(script, [file, "a:50061", "b:50062"], {
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
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8"))[0].labels, { job: "a", service_name: "a" });
});
