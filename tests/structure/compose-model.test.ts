import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { readEnvironment } from "../../packages/stack/src/env.ts";
import { HOST } from "../../packages/stack/src/ports.ts";
import { REPOSITORY } from "../../packages/stack/src/repository.ts";
import { mebibytes, readComposeFile, resolved } from "../compose/file.ts";
import { currentCompose } from "../compose/program.ts";

/**
 * What today's Compose makes of docker-compose.yml, which Debian's 1.29 is tested with (`npm run test:compose`), is what is
 * written there: merged, resolved, in full. Needs no engine.
 */
const FILE = join(REPOSITORY, "docker-compose.yml");
const program = await currentCompose();
type Model = Record<string, Record<string, unknown>>;
type Variables = Readonly<Record<string, string>>;

/** Neither the clone's `.env` nor the user's settings take part; a warning is a failure. */
async function config(args: readonly string[], variables: Variables = {}): Promise<string> {
  const { PATH = "", HOME = "" } = readEnvironment().basic;
  const [file, ...first] = program;
  const bound = [...first, "-f", FILE, "--env-file", "/dev/null", ...args];
  const { stdout, stderr } = await execa(file, bound, {
    cwd: REPOSITORY,
    env: { PATH, HOME, ...variables },
    extendEnv: false,
  });
  assert.equal(stderr, "", "it warns of something");
  return stdout;
}

const TOOLS = ["--profile", "tools"];

/** Every variable of the file with another value than its default. */
const MOVED: Variables = Object.fromEntries(
  [...new Set(readFileSync(FILE, "utf8").match(/(?<=\$\{)\w+/g))].map((name, index) => {
    if (name.endsWith("_PORT")) return [name, `${20_000 + index}`];
    return [name, name === "LAB_TARGETS" ? "./elsewhere" : `moved-${index}`];
  }),
);

/** As Go writes a duration of whole seconds. */
function duration(text: unknown): string {
  const seconds = Number(/^(\d+)s$/.exec(String(text))?.[1]);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

function port(line: string) {
  const [host_ip, published, target] = line.split(":");
  return { mode: "ingress", host_ip, target: Number(target), published, protocol: "tcp" };
}

function mount(line: string) {
  const [source = "", target, mode] = line.split(":");
  const readOnly = mode === "ro" ? { read_only: true } : {};
  return /^[./]/.test(source)
    ? { type: "bind", source: join(source.startsWith("/") ? "/" : REPOSITORY, source), target, ...readOnly }
    : { type: "volume", source, target, ...readOnly };
}

/** What is written, in the form in which Compose tells what it understood. */
function expected(service: Record<string, unknown>, variables: Variables): Record<string, unknown> {
  const deep = (value: unknown): unknown => {
    if (typeof value === "string") return resolved(value, variables);
    if (Array.isArray(value)) return value.map(deep);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, deep(each)]));
  };
  const written = deep(service) as Record<string, never>;
  const change: Record<string, (value: never) => unknown> = {
    mem_limit: (value) => `${mebibytes(value) * 2 ** 20}`,
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

/** What Compose understood, without what says nothing: defaults, which differ from one version to the next. */
function understood(service: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(service), (key, value) => {
    if (["command", "entrypoint"].includes(key) && value === null) return undefined;
    if (key === "networks" || key === "bind" || key === "required") return undefined;
    return typeof value === "object" && value && key === "volume" ? undefined : value;
  });
}

for (const [what, variables] of Object.entries({ "as it stands": {}, "with every variable moved": MOVED })) {
  test(`${what}, it is valid, and nothing is warned of`, async () => {
    await config(["config", "--quiet"], variables);
    await config([...TOOLS, "config", "--quiet"], variables);
  });

  test(`${what}, every service is understood as it is written`, async () => {
    const { services } = JSON.parse(await config([...TOOLS, "config", "--format", "json"], variables));
    const written = readComposeFile() as unknown as Model;
    assert.deepEqual(Object.keys(services).sort(), Object.keys(written).sort());
    for (const [name, service] of Object.entries(services as Model))
      assert.deepEqual(understood(service), expected(written[name] ?? {}, variables), name);
  });
}

/** Asked for by `probe`, or with nothing to serve. */
const WITHOUT_HEALTH = ["tempo", "otelcol", "traffic", "init", "fault"];

test("every service is bounded, hardened, on loopback, and tells how it is", async () => {
  const { services } = JSON.parse(await config([...TOOLS, "config", "--format", "json"]));
  for (const [name, service] of Object.entries(services as Model)) {
    const { read_only, cap_drop, security_opt, user, restart, ports = [] } = service;
    assert.deepEqual({ read_only, cap_drop }, { read_only: true, cap_drop: ["ALL"] }, name);
    assert.deepEqual(security_opt, ["no-new-privileges:true"], name);
    assert.equal(user === "0:0", name === "init", `${name} is root`);
    assert.equal(restart, name === "init" || name === "fault" ? "no" : "unless-stopped", name);
    assert.ok(Number(service.mem_limit) > 0 && Number(service.pids_limit) > 0, `${name} is unbounded`);
    assert.ok((service.logging as Model).options?.["max-size"], `${name} may fill the disk`);
    assert.equal("healthcheck" in service, !WITHOUT_HEALTH.includes(name), `${name}: health`);
    for (const { host_ip } of ports as { host_ip?: string }[]) assert.equal(host_ip, HOST, name);
  }
});

test("only the tool that breaks things waits to be asked for", async () => {
  const { services } = JSON.parse(await config(["config", "--format", "json"]));
  const all = Object.keys(readComposeFile());
  assert.deepEqual(Object.keys(services).sort(), all.filter((name) => name !== "fault").sort());
});

test("every file and folder that is mounted is there: Compose would make an empty folder of its name", async () => {
  const { services } = JSON.parse(await config([...TOOLS, "config", "--format", "json"]));
  const mounts = Object.values(services as Model).flatMap(
    ({ volumes = [] }) => volumes as { type: string; source: string }[],
  );
  const files = mounts.filter(({ type }) => type === "bind");
  assert.ok(files.length > 8, `${files.length}`);
  for (const { source } of files) assert.ok(existsSync(source), source);
});

// Compose v2 and later ask Docker Hub first, where a name may be somebody else's; 1.29 builds what a service says that it can.
test("what we build is never pulled: the first to need an image builds it", () => {
  const file = readComposeFile();
  const waitsFor = (name: string): string[] => {
    const next = Object.keys(file[name]?.depends_on ?? {});
    return [...next, ...next.flatMap(waitsFor)];
  };
  const builders = Object.entries(file).filter(([, { build }]) => build);
  for (const [name, { image, pull_policy, build }] of Object.entries(file)) {
    const same = builders.filter(([, builder]) => builder.image === image).map(([builder]) => builder);
    if (same.length === 0) continue;
    assert.equal(pull_policy, "never", name);
    assert.ok(build || waitsFor(name).some((each) => same.includes(each)), `${name} may be first`);
  }
});

test("an image is built once, not for each service that runs it", async () => {
  const { services } = JSON.parse(await config(["config", "--format", "json"]));
  const built = Object.values(services as Model).flatMap(({ build, image }) => (build ? [image] : []));
  assert.deepEqual(built.sort(), ["lgtm-lab/console:0.1.0", "lgtm-lab/services:0.1.0"]);
});
