import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import pWaitFor from "p-wait-for";
import { fixture, fixtureStack, temporaryFolder } from "../../test/helpers.ts";
import { DEFAULT_PORTS } from "../ports.ts";
import type { BuildOptions, Component } from "./component.ts";
import { grafana } from "./grafana.ts";
import { prometheus } from "./prometheus.ts";

const stateFolder = temporaryFolder();
const rules = join(stateFolder, "prometheus/rules");
const prepare = (CONSOLE_PORT: number, sloProfile: "demo" | "production" = "demo", component = prometheus) =>
  component.prepare?.({
    ports: { ...DEFAULT_PORTS, CONSOLE_PORT },
    root: REPOSITORY,
    stateFolder,
    data: stateFolder,
    sloProfile,
    faultToken: "",
    program: "",
  });

test("Prometheus reads the original rules, or copies with adapted links while the console is at another port", () => {
  const original = join(REPOSITORY, "prometheus/rules/demo");
  prepare(8000);
  assert.equal(readlinkSync(rules), original);

  prepare(18_000);
  assert.ok(lstatSync(rules).isDirectory());
  assert.deepEqual(readdirSync(rules).sort(), readdirSync(original).sort());
  for (const file of readdirSync(rules)) {
    const [copied, from] = [rules, original].map((folder) => readFileSync(join(folder, file), "utf8")) as [
      string,
      string,
    ];
    assert.ok(from.includes("http://127.0.0.1:8000/docs/runbooks/"), `${file} has links to move`);
    assert.doesNotMatch(copied, /127\.0\.0\.1:8000/);
    assert.equal(copied.replaceAll("127.0.0.1:18000", "127.0.0.1:8000"), from, "and nothing else differs");
  }

  prepare(18_000, "production");
  assert.match(readFileSync(join(rules, "health.yml"), "utf8"), /profile: production/);
  prepare(8000);
  assert.equal(readlinkSync(rules), original);
  assert.ok(readdirSync(original).length > 5, "the originals are still there");
});

test("Grafana's rules and dashboards also link to the console at its current port", () => {
  const folder = join(stateFolder, "grafana");
  const files = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [readFileSync(join(entry.parentPath, entry.name), "utf8")] : [],
    );
  prepare(18_000, "demo", grafana);
  assert.doesNotMatch(files().join(), /127\.0\.0\.1:8000/);
  const rules = readFileSync(join(folder, "provisioning/alerting/slo-rules.yaml"), "utf8");
  assert.match(rules, /runbook_url: http:\/\/127\.0\.0\.1:18000\/docs\/runbooks\//);
  const overview = readFileSync(join(folder, "dashboards/overview.json"), "utf8");
  assert.match(overview, /"http:\/\/127\.0\.0\.1:18000\/docs\/runbooks\//);
  prepare(8000, "demo", grafana);
  for (const name of readdirSync(folder))
    assert.equal(readlinkSync(join(folder, name)), join(REPOSITORY, "grafana", name));
});

const AFTER_MS = 700;
const file = (stateFolder: string, list: string) => join(stateFolder, "prometheus/targets", `${list}.json`);
const read = (
  stateFolder: string,
  list = "stack",
): { targets: string[]; labels?: Record<string, string> }[] =>
  JSON.parse(readFileSync(file(stateFolder, list), "utf8"));
const names = (stateFolder: string, list?: string) =>
  read(stateFolder, list).map(({ labels }) => labels?.service_name);

const ports = ["GATEWAY_PORT", "LOKI_PORT", "TEMPO_PORT", "CONSOLE_PORT"] as const;
const scraped = (program: string, index: number, overrides: Partial<Component> = {}) => {
  const port = ports[index] ?? "GATEWAY_PORT";
  return fixture(program, { port, scrape: { port, file: "stack" }, ...overrides } as Partial<Component>);
};

/** Delays the start of a component, like a build. */
function closedGate() {
  const { promise, resolve: open } = Promise.withResolvers<void>();
  const build = ({ signal }: BuildOptions) => {
    signal.addEventListener("abort", () => open());
    return promise;
  };
  return { build, open };
}

test("a component is listed when it is ready, but not while its program is being obtained", async (t) => {
  const gate = closedGate();
  const components = [
    scraped("serves", 0, { name: "slow", build: gate.build }),
    scraped("serves", 1, { name: "quick" }),
  ];
  const { stack } = await fixtureStack(t, components, { scrapeAfterMs: AFTER_MS });
  assert.deepEqual(read(stack.stateFolder), []);
  const started = stack.start();
  await pWaitFor(() => names(stack.stateFolder).includes("quick"), { timeout: 5000 });
  const until = Date.now() + 2 * AFTER_MS;
  await pWaitFor(() => Date.now() > until || names(stack.stateFolder).includes("slow"));
  assert.deepEqual(names(stack.stateFolder), ["quick"], "the time for a build is not limited");
  gate.open();
  await started;
  assert.deepEqual(names(stack.stateFolder), ["slow", "quick"]);
  assert.deepEqual(read(stack.stateFolder)[0], {
    targets: [`127.0.0.1:${stack.ports.GATEWAY_PORT}`],
    labels: { job: "slow", service_name: "slow" },
  });
  stack.component("quick").kill("SIGKILL");
  await stack.component("slow").stop();
  assert.deepEqual(
    names(stack.stateFolder),
    ["slow", "quick"],
    "a component that has died stays in the list, because it is down",
  );
});

for (const [what, component] of Object.entries({
  "is never ready": scraped("never-ready", 0, { name: "bad" }),
  "dies at its start": scraped("dies", 0, { name: "bad" }),
  "cannot be obtained": scraped("serves", 0, {
    name: "bad",
    program: { kind: "binary", variable: "BAD_BIN", module: undefined as never },
  }),
}))
  test(`a component that ${what} becomes a scrape target only after scrapeAfterMs`, async (t) => {
    const { stack } = await fixtureStack(t, [component], { scrapeAfterMs: AFTER_MS });
    const began = Date.now();
    void stack.start().catch(() => {});
    await pWaitFor(() => read(stack.stateFolder).length > 0, { interval: 5, timeout: 10 * AFTER_MS });
    const took = Date.now() - began;
    assert.ok(took >= AFTER_MS, `${took} ms`);
    assert.deepEqual(names(stack.stateFolder), ["bad"]);
  });

test("a component that is stopped before it is ready, or optional and missing, is not listed", async (t) => {
  const optional = scraped("serves", 1, {
    name: "optional",
    program: { kind: "binary", variable: "BAD_BIN", optional: "something else" },
  });
  const gate = closedGate();
  const other = scraped("never-ready", 2, { name: "other", build: gate.build });
  const components = [scraped("never-ready", 0), optional, other];
  const { stack } = await fixtureStack(t, components, { scrapeAfterMs: AFTER_MS });
  void stack.start().catch(() => {});
  await pWaitFor(() => stack.component("never-ready").record().state === "starting", { timeout: 5000 });
  await stack.component("never-ready").stop();
  await pWaitFor(() => stack.component("optional").record().state === "skipped", { timeout: 5000 });
  gate.open();
  await pWaitFor(() => names(stack.stateFolder).includes("other"), { timeout: 10 * AFTER_MS });
  assert.deepEqual(names(stack.stateFolder), ["other"]);
});

test("lists of an earlier run are replaced; a target that a user adds during the start stays", async (t) => {
  const stateFolder = temporaryFolder();
  const mine = { targets: ["127.0.0.1:7000"], labels: { service_name: "mine" } };
  const put = (list: string, groups: unknown[]) => {
    mkdirSync(dirname(file(stateFolder, list)), { recursive: true });
    writeFileSync(file(stateFolder, list), JSON.stringify(groups));
  };
  for (const list of ["services", "stack", "alertmanager"]) put(list, [mine]);
  const gate = closedGate();
  const slow = scraped("serves", 0, { name: "slow", build: gate.build });
  const { stack } = await fixtureStack(t, [slow], { stateFolder });
  for (const list of ["services", "stack", "alertmanager"]) assert.deepEqual(read(stateFolder, list), []);
  const started = stack.start();
  put("stack", [mine]);
  gate.open();
  await started;
  assert.deepEqual(names(stateFolder), ["slow", "mine"]);
});

test("an invalid target list is saved as .unreadable, replaced and reported", async (t) => {
  const gate = closedGate();
  const slow = scraped("serves", 0, { name: "slow", build: gate.build });
  const notes: string[] = [];
  const { stack } = await fixtureStack(t, [slow], {
    report: (event) => event.type === "note" && notes.push(event.text),
  });
  const started = stack.start();
  writeFileSync(file(stack.stateFolder, "stack"), "[{");
  gate.open();
  await started;
  assert.deepEqual(names(stack.stateFolder), ["slow"]);
  assert.equal(readFileSync(`${file(stack.stateFolder, "stack")}.unreadable`, "utf8"), "[{");
  assert.match(notes.join("\n"), /stack\.json is not valid JSON/);
});

test("Prometheus sends alerts once Alertmanager and the console's inbox are ready", async (t) => {
  const gate = closedGate();
  const components = [
    scraped("serves", 0, { name: "alertmanager" }),
    scraped("serves", 3, { name: "console", build: gate.build }),
  ];
  const { stack } = await fixtureStack(t, components);
  const started = stack.start();
  await pWaitFor(() => names(stack.stateFolder).includes("alertmanager"), { timeout: 5000 });
  assert.deepEqual(read(stack.stateFolder, "alertmanager"), []);
  gate.open();
  await started;
  assert.deepEqual(read(stack.stateFolder, "alertmanager"), [
    { targets: [`127.0.0.1:${stack.ports.ALERTMANAGER_PORT}`] },
  ]);
});
