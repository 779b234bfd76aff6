import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { execa } from "execa";
import { readEnvironment } from "../../packages/stack/src/env.ts";
import { HOST } from "../../packages/stack/src/ports.ts";
import { COMPOSE_FILES, parseMemoryLimit, readComposeFile, resolved } from "../compose/file.ts";
import { currentCompose } from "../compose/program.ts";

/**
 * Checks that a current Compose reads docker-compose.yml, and docker-compose.tls.yml after it, exactly as they are written.
 * (`npm run test:compose` may run an older one, such as Debian's 1.29.) Needs no Docker engine.
 */
type Files = keyof typeof COMPOSE_FILES;
const program = await currentCompose();
type Model = Record<string, Record<string, unknown>>;
type Variables = Readonly<Record<string, string>>;

/** Runs a command of Compose on files, without the clone's `.env` and the user's settings. Fails on a warning. */
async function config(files: Files, args: readonly string[], variables: Variables = {}): Promise<string> {
  const { PATH = "", HOME = "" } = readEnvironment().basic;
  const [file, ...first] = program;
  const named = COMPOSE_FILES[files].flatMap((name) => ["-f", join(REPOSITORY, name)]);
  const command = [...first, ...named, "--env-file", "/dev/null", ...args];
  const { stdout, stderr } = await execa(file, command, {
    cwd: REPOSITORY,
    env: { PATH, HOME, ...variables },
    extendEnv: false,
  });
  assert.equal(stderr, "", "Compose printed a warning");
  return stdout;
}

const TOOLS = ["--profile", "tools"];

/** A value other than the default for every variable of the files. */
const CHANGED: Variables = Object.fromEntries(
  [
    ...new Set(
      COMPOSE_FILES.tls.flatMap(
        (name) => readFileSync(join(REPOSITORY, name), "utf8").match(/(?<=\$\{)\w+/g) ?? [],
      ),
    ),
  ].map((name, index) => {
    if (name.endsWith("_PORT")) return [name, `${20_000 + index}`];
    return [name, name === "LAB_TARGETS" ? "./elsewhere" : `changed-${index}`];
  }),
);

/** Formats whole seconds like Go: `1m30s`. */
function duration(text: unknown): string {
  const seconds = Number(/^(\d+)s$/.exec(String(text))?.[1]);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

function port(line: string) {
  const [host_ip, published, target] = line.split(":");
  return {
    mode: "ingress",
    host_ip,
    target: Number(target),
    ...(published && { published }),
    protocol: "tcp",
  };
}

function mount(line: string) {
  const [source = "", target, mode] = line.split(":");
  const readOnly = mode === "ro" ? { read_only: true } : {};
  return /^[./]/.test(source)
    ? { type: "bind", source: join(source.startsWith("/") ? "/" : REPOSITORY, source), target, ...readOnly }
    : { type: "volume", source, target, ...readOnly };
}

/** Converts a service of docker-compose.yml to the form that `docker compose config` prints. */
function expected(service: Record<string, unknown>, variables: Variables): Record<string, unknown> {
  const deep = (value: unknown): unknown => {
    if (typeof value === "string") return resolved(value, variables);
    if (Array.isArray(value)) return value.map(deep);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, deep(each)]));
  };
  const written = deep(service) as Record<string, never>;
  const change: Record<string, (value: never) => unknown> = {
    mem_limit: (value) => `${parseMemoryLimit(value) * 2 ** 20}`,
    stop_grace_period: duration,
    ports: (lines: string[]) => lines.map(port),
    volumes: (lines: string[]) => lines.map(mount),
    build: (build: object) => ({ ...build, context: REPOSITORY, dockerfile: "Dockerfile" }),
    environment: (values: object) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, `${value}`])),
    healthcheck: ({ interval, timeout, start_period, ...rest }: Record<string, unknown>) => ({
      ...rest,
      interval: duration(interval),
      timeout: duration(timeout),
      start_period: duration(start_period),
    }),
  };
  return Object.fromEntries(
    Object.entries(written).map(([key, value]) => [key, change[key]?.(value) ?? value]),
  );
}

/** Removes the defaults that Compose adds to a service, because they differ between its versions. */
function withoutDefaults(service: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(service), (key, value) => {
    if (["command", "entrypoint"].includes(key) && value === null) return undefined;
    if (key === "networks" || key === "bind" || key === "required") return undefined;
    return typeof value === "object" && value && key === "volume" ? undefined : value;
  });
}

for (const [what, files, variables] of [
  ["with the defaults", "plain", {}],
  ["with every variable changed", "plain", CHANGED],
  ["with TLS", "tls", {}],
  ["with TLS and every variable changed", "tls", CHANGED],
] as const) {
  test(`${what}: the file is valid, without warnings`, async () => {
    await config(files, ["config", "--quiet"], variables);
    await config(files, [...TOOLS, "config", "--quiet"], variables);
  });

  test(`${what}: Compose reads every service as it is written`, async () => {
    const { services } = JSON.parse(await config(files, [...TOOLS, "config", "--format", "json"], variables));
    const written = readComposeFile(files) as unknown as Model;
    assert.deepEqual(Object.keys(services).sort(), Object.keys(written).sort());
    for (const [name, service] of Object.entries(services as Model))
      assert.deepEqual(withoutDefaults(service), expected(written[name] ?? {}, variables), name);
  });
}

/** Tempo and the collector, which `probe` checks, and the services without a server. */
const WITHOUT_HEALTH = ["tempo", "otelcol", "traffic", "init", "fault"];

test("every service has limits, hardening, ports on loopback and a health check", async () => {
  const { services } = JSON.parse(await config("tls", [...TOOLS, "config", "--format", "json"]));
  for (const [name, service] of Object.entries(services as Model)) {
    const { read_only, cap_drop, security_opt, user, restart, ports = [] } = service;
    assert.deepEqual({ read_only, cap_drop }, { read_only: true, cap_drop: ["ALL"] }, name);
    assert.deepEqual(security_opt, ["no-new-privileges:true"], name);
    assert.equal(user === "0:0", name === "init", `${name} is root`);
    assert.equal(restart, name === "init" || name === "fault" ? "no" : "unless-stopped", name);
    assert.ok(Number(service.mem_limit) > 0 && Number(service.pids_limit) > 0, `${name} has no limit`);
    assert.ok((service.logging as Model).options?.["max-size"], `${name} may fill the disk`);
    assert.equal("healthcheck" in service, !WITHOUT_HEALTH.includes(name), `${name}: health`);
    for (const { host_ip } of ports as { host_ip?: string }[]) assert.equal(host_ip, HOST, name);
  }
});

test("every service except `fault` starts by default", async () => {
  const { services } = JSON.parse(await config("tls", ["config", "--format", "json"]));
  const all = Object.keys(readComposeFile("tls"));
  assert.deepEqual(Object.keys(services).sort(), all.filter((name) => name !== "fault").sort());
});

test("every mounted file and folder exists; otherwise Compose would create an empty folder", async () => {
  const { services } = JSON.parse(await config("tls", [...TOOLS, "config", "--format", "json"]));
  const mounts = Object.values(services as Model).flatMap(
    ({ volumes = [] }) => volumes as { type: string; source: string }[],
  );
  const files = mounts.filter(({ type }) => type === "bind");
  assert.ok(files.length > 8, `${files.length}`);
  for (const { source } of files) assert.ok(existsSync(source), source);
});

// Compose v2 and later look on Docker Hub first, where the name may belong to someone else. Compose 1.29 builds every
// image that has a `build` section.
test("our own images are never pulled: the first service that needs one builds it", () => {
  const file = readComposeFile("tls");
  const waitsFor = (name: string): string[] => {
    const next = Object.keys(file[name]?.depends_on ?? {});
    return [...next, ...next.flatMap(waitsFor)];
  };
  const builders = Object.entries(file).filter(([, { build }]) => build);
  for (const [name, { image, pull_policy, build }] of Object.entries(file)) {
    const same = builders.filter(([, builder]) => builder.image === image).map(([builder]) => builder);
    if (same.length === 0) continue;
    assert.equal(pull_policy, "never", name);
    assert.ok(
      build || waitsFor(name).some((each) => same.includes(each)),
      `${name} may start before its image is built`,
    );
  }
});

test("an image is built once, not for each service that runs it", async () => {
  const { services } = JSON.parse(await config("tls", ["config", "--format", "json"]));
  const built = Object.values(services as Model).flatMap(({ build, image }) => (build ? [image] : []));
  assert.deepEqual(built.sort(), ["lgtm-lab/console:0.1.0", "lgtm-lab/services:0.1.0"]);
});
