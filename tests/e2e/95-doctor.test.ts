import assert from "node:assert/strict";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { diagnose, REPOSITORY, type RunningStack, startStack, type Verdict } from "@lgtm-lab/stack";
import { hostPort, lab, urls } from "./support/lab.ts";
import { eventually } from "./support/within.ts";

const SERVICES = ["gateway", "gateway-rest", "service-a", "service-b"];

const examine = (stack: RunningStack): Promise<Verdict[]> => diagnose(stack);

/** Insists that the doctor names just this hop of this signal, says why and how to mend it, and judges nothing behind it. */
function assertNamed(verdicts: Verdict[], signal: string, hop: string, cause: RegExp): void {
  const own = verdicts.filter((each) => each.signal === signal);
  const found = own.find(({ state }) => state === "broken");
  assert.equal(found?.hop, hop, JSON.stringify(own, undefined, 1));
  assert.match(found?.text ?? "", cause);
  assert.ok(found?.fix, "it names no fix");
  const index = own.indexOf(found);
  assert.ok(own.slice(0, index).every(({ state }) => state === "ok"));
  assert.ok(own.slice(index + 1).every(({ state }) => state === "not reached"));
}

async function assertHealthy(): Promise<void> {
  const stack = await lab();
  await eventually("the doctor finds nothing", async () =>
    (await examine(stack)).every(({ state }) => state === "ok"),
  );
}

describe("the doctor, a component being away", () => {
  const AWAY = [
    ["otelcol", "traces", "otelcol is ready"],
    ["tempo", "traces", "tempo is ready"],
    ["loki", "logs", "loki is ready"],
    ["prometheus", "metrics", "prometheus is ready"],
    ["alertmanager", "alerts", "alertmanager is ready"],
    ["console", "alerts", "console is ready"],
    ["node_exporter", "metrics", "the stack itself is scraped"],
    ["service-b", "traces", "services answer"],
  ] as const;

  it("finds nothing when all is well", assertHealthy);

  for (const [name, signal, hop] of AWAY) {
    it(`${name}: names “${hop}”`, async () => {
      const stack = await lab();
      await stack.stopComponent(name);
      try {
        await eventually("it is named", async () =>
          (await examine(stack)).some((each) => each.signal === signal && each.state === "broken"),
        );
        assertNamed(await examine(stack), signal, hop, new RegExp(`${name}|ECONNREFUSED|fetch failed`));
      } finally {
        await stack.startComponent(name);
      }
    });
  }
});

describe("the doctor, Prometheus being told wrong", () => {
  after(assertHealthy);

  /** Replaces a target file of the shared stack for as long as `run` takes. */
  async function withTargets(file: string, change: (groups: Group[]) => Group[], run: () => Promise<void>) {
    const path = join((await lab()).state, "prometheus/targets", file);
    const whole = await readFile(path, "utf8");
    const write = async (text: string) => {
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
    };
    await write(JSON.stringify(change(JSON.parse(whole))));
    try {
      await run();
    } finally {
      await write(whole);
    }
  }
  type Group = { targets: string[]; labels: Record<string, string> };
  const nowhere = (name: string): Group => ({
    targets: ["127.0.0.1:1"],
    labels: { job: name, service_name: name },
  });

  const seldom = (group: Group): Group => ({
    ...group,
    labels: { ...group.labels, __scrape_interval__: "30s" },
  });

  const WRONG = [
    ["services.json", (all: Group[]) => all.map(seldom), "metrics", "requests are counted", /itself counts/],
    ["services.json", (all: Group[]) => all.slice(1), "metrics", "services are targets", /is not among/],
    [
      "services.json",
      (all: Group[]) => [...all, nowhere("gateway")],
      "metrics",
      "Prometheus scrapes services",
      /gateway is down/,
    ],
    [
      "alertmanager.json",
      () => [nowhere("alertmanager")],
      "alerts",
      "Prometheus → Alertmanager",
      /127.0.0.1:1\b/,
    ],
  ] as const;

  for (const [file, change, signal, hop, cause] of WRONG) {
    it(`names “${hop}”`, async () => {
      const stack = await lab();
      await withTargets(file, change, async () => {
        const verdicts = await eventually(
          "it is named",
          async () => {
            const all = await examine(stack);
            return all.some((each) => each.hop === hop && each.state === "broken") && all;
          },
          90_000,
        );
        assertNamed(verdicts, signal, hop, cause);
      });
    });
  }
});

describe("the doctor, addresses being wrong", () => {
  const STATE = join(REPOSITORY, ".lab/test-doctor");
  let stack: RunningStack | undefined;

  async function brokenStack(env: Record<string, Record<string, string>>): Promise<Verdict[]> {
    await rm(STATE, { recursive: true, force: true });
    stack = await startStack({ state: STATE, ports: "free", env });
    try {
      return await examine(stack);
    } finally {
      await stack.down();
    }
  }
  const forAll = (env: Record<string, string>) => Object.fromEntries(SERVICES.map((name) => [name, env]));
  const nowhere = "http://127.0.0.1:1";

  it("names “requests go through”", async () => {
    const verdicts = await brokenStack({ gateway: { SERVICE_A_GRPC: "127.0.0.1:1" } });
    assertNamed(verdicts, "traces", "requests go through", /503/);
  });

  it("names “services → collector” and “services → Loki”", async () => {
    const verdicts = await brokenStack({
      "service-a": { OTEL_EXPORTER_OTLP_ENDPOINT: nowhere },
      "service-b": { LOKI_URL: nowhere },
    });
    assertNamed(verdicts, "traces", "services → collector", /service-a cannot deliver: \d+ spans wait/);
    assertNamed(verdicts, "logs", "services → Loki", /service-b cannot deliver: \d+ log lines wait/);
  });

  it("names “collector accepts” and “log lines are in Loki”, when telemetry goes elsewhere", async () => {
    const elsewhere = await urls();
    const verdicts = await brokenStack(
      forAll({
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${await hostPort("OTELCOL_GRPC_PORT")}`,
        LOKI_URL: elsewhere.loki,
      }),
    );
    assertNamed(verdicts, "traces", "collector accepts", /accepted no span/);
    assertNamed(verdicts, "logs", "log lines are in Loki", /no line of/);
  });

  it("names “collector → Tempo”", async () => {
    const verdicts = await brokenStack({ otelcol: { TEMPO_OTLP_ENDPOINT: "127.0.0.1:1" } });
    assertNamed(verdicts, "traces", "collector → Tempo", /wait in its queue/);
  });

  it("names “traces are in Tempo”, when the collector sends elsewhere", async () => {
    const verdicts = await brokenStack({
      otelcol: { TEMPO_OTLP_ENDPOINT: await hostPort("TEMPO_OTLP_PORT") },
    });
    assertNamed(verdicts, "traces", "traces are in Tempo", /404|no span of/);
  });
});
