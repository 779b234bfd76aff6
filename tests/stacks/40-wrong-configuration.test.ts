import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SERVICE_NAMES } from "@lgtm-lab/contracts";
import { diagnose, HOST, type HopResult, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import { assertHealthy, assertNamed } from "../e2e/support/doctor.ts";
import { query } from "../e2e/support/prometheus.ts";
import { type Group, withTargets } from "../e2e/support/targets.ts";
import { eventually } from "../e2e/support/within.ts";

const CLASSIC = "# HELP own_total Requests.\n# TYPE own_total counter\nown_total 3\n";
const OPEN_METRICS = '# TYPE own counter\nown_total 3 # {trace_id="0af7"} 1\n# EOF\n';

const page =
  (contentType: string | undefined, body: string | Buffer, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, contentType === undefined ? {} : { "content-type": contentType });
    response.end(body);
  };

/** Responses of /metrics that Prometheus must accept. */
const GOOD: Record<string, RequestListener> = {
  "text/html": page("text/html; charset=utf-8", CLASSIC),
  "no Content-Type": page(undefined, CLASSIC),
  "an empty Content-Type": page("", CLASSIC),
  JSON: page("application/json", CLASSIC),
  "octet-stream": page("application/octet-stream", CLASSIC),
  "a Content-Type that cannot be parsed": page("text/plain;;=", CLASSIC),
  "no Content-Type, no line end": page(undefined, CLASSIC.trimEnd()),
  "classic text, as it should be": page("text/plain; version=0.0.4", CLASSIC),
  "OpenMetrics, as it should be": page(
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
    OPEN_METRICS,
  ),
  "a label value of 1,024 bytes": page("text/plain", `own_total{a="${"y".repeat(1024)}"} 3\n`),
};

/** Targets that Prometheus cannot scrape, with the doctor's reason and fix. */
const BAD: Record<string, [listener: RequestListener | string, cause: RegExp, fix: RegExp]> = {
  refused: ["127.0.0.1:1", /nothing listens on 127\.0\.0\.1:1/, /start refused/],
  unresolved: ["no-such-host.invalid:80", /cannot be resolved/, /host name/],
  slow: [() => {}, /does not respond within the scrape timeout/, /__scrape_timeout__/],
  missing: [page("text/plain", "nothing here", 404), /responds with 404/, /__metrics_path__/],
  failing: [page("text/plain", "oops", 500), /responds with 500/, /curl -i/],
  website: [page("text/html", "<!doctype html><html></html>"), /HTML page/, /__metrics_path__/],
  document: [page("application/json", '{"a":1}'), /JSON/, /__metrics_path__/],
  "long-label": [
    page("text/plain", `x{a="${"y".repeat(1025)}"} 1\n`),
    /1025 bytes; the limit is 1024/,
    /shorten/,
  ],
  "many-samples": [
    page("text/plain", Array.from({ length: 50_001 }, (_, i) => `x{i="${i}"} 1\n`).join("")),
    /more samples/,
    /sample_limit/,
  ],
  "as-url": ["http://127.0.0.1:7000/metrics", /must be host:port/, /__metrics_path__/],
  unfinished: [page("application/openmetrics-text; version=1.0.0", CLASSIC), /# EOF/, /# EOF/],
};

/** Tests with the targets in {@link GOOD} and {@link BAD}. */
function ownTargets(stackOf: () => RunningStack): void {
  const servers: Server[] = [];
  const groups: Group[] = [];

  async function serve(
    name: string,
    listener: RequestListener | string,
    extraLabels: Record<string, string> = {},
  ) {
    const labels = { job: name, service_name: name, ...extraLabels };
    if (typeof listener === "string") {
      groups.push({ targets: [listener], labels });
      return;
    }
    const server = createServer(listener).listen(0, HOST);
    await once(server, "listening");
    servers.push(server);
    groups.push({ targets: [`${HOST}:${(server.address() as AddressInfo).port}`], labels });
  }

  before(async () => {
    for (const [name, listener] of Object.entries(GOOD)) await serve(name, listener);
    for (const [name, [listener]] of Object.entries(BAD)) await serve(name, listener);
    const late: RequestListener = (request, response) => {
      setTimeout(() => page("text/plain", CLASSIC)(request, response), 2500);
    };
    groups.push({
      targets: [`${HOST}:7000`],
      labels: { job: "patient", service_name: "patient", __scrape_timeout__: "10s" },
    });
    await serve("slow, with a longer timeout", late, { __scrape_interval__: "6s", __scrape_timeout__: "5s" });
  });
  after(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });

  it("are stored with any Content-Type; the doctor lists all targets that are down, each with its reason", async () => {
    const stack = stackOf();
    await withTargets(
      stack,
      "services.json",
      (own) => [...own, ...groups],
      async () => {
        const names = [...Object.keys(GOOD), "slow, with a longer timeout"];
        const missing = await eventually(
          "all good ones are stored",
          async () => {
            const stored = await query(stack.address("prometheus"), "own_total == 3");
            const left = names.filter((name) => !stored.some(({ metric }) => metric.service_name === name));
            return left.length === 0 && "none";
          },
          60_000,
        );
        assert.equal(missing, "none");

        const problems = await eventually(
          "all bad ones are scraped",
          async () => {
            const verdicts = await diagnose(stack);
            const found = verdicts.find(({ hop }) => hop === "every target is up");
            return found && !/not scraped yet/.test(found.text) && found.problems;
          },
          60_000,
        );
        assert.deepEqual(
          problems.map(({ cause }) => cause.replace(/ \(.*/, "")).sort(),
          [...Object.keys(BAD), "patient"].sort(),
          "all targets that are down, and no others",
        );
        for (const [name, [, cause, fix]] of Object.entries(BAD)) {
          const problem = problems.find((each) => each.cause.startsWith(`${name} (`));
          assert.match(problem?.cause ?? "", cause);
          assert.match(problem?.fix ?? "", fix);
          assert.doesNotMatch(problem?.fix ?? "", /npx lab logs/, "the lab does not run it");
        }
        const patient = problems.find(({ cause }) => cause.startsWith("patient"));
        assert.match(patient?.fix ?? "", /timeout \(10s\) must not exceed its interval \(2s\)/);
      },
    );
  });
}

/** Starts a stack in a separate state folder. */
async function startSeparate(
  name: string,
  env: Record<string, Record<string, string>> = {},
): Promise<RunningStack> {
  const stateFolder = join(REPOSITORY, `.lab/test-doctor-${name}`);
  await rm(stateFolder, { recursive: true, force: true });
  return startStack({ stateFolder, ports: "free", env });
}

// These mostly wait, and only the addresses need separate stacks. So they run at the same time.
describe("the doctor, with a wrong configuration", { concurrency: true }, () => {
  /** The stack whose target lists are changed. Other stacks here send telemetry to it. */
  let stack: RunningStack;
  before(async () => {
    stack = await startSeparate("target-lists");
  });
  after(() => stack?.down());

  describe("target lists", { concurrency: true }, () => {
    after(() => assertHealthy(stack));

    const nowhere = (name: string): Group => ({
      targets: ["127.0.0.1:1"],
      labels: { job: name, service_name: name },
    });

    const seldom = (group: Group): Group => ({
      ...group,
      labels: { ...group.labels, __scrape_interval__: "12s" },
    });

    const WRONG = [
      [
        "services.json",
        (all: Group[]) => all.map(seldom),
        "metrics",
        "requests are counted",
        /itself counts/,
      ],
      [
        "services.json",
        () => "[{",
        "scrape targets",
        "target lists are readable",
        /services\.json is not a list of targets/,
      ],
      [
        "services.json",
        (all: Group[]) => all.slice(1),
        "metrics",
        "services are targets",
        /is not a target of/,
      ],
      [
        "services.json",
        (all: Group[]) => [...all, nowhere("gateway")],
        "scrape targets",
        "every target is up",
        /gateway \(127\.0\.0\.1:1\): nothing listens/,
      ],
      [
        "alertmanager.json",
        () => [nowhere("alertmanager")],
        "alerts",
        "Prometheus → Alertmanager",
        /127\.0\.0\.1:1\b/,
      ],
    ] as const;

    const assertFound = ([file, change, signal, hop, cause]: (typeof WRONG)[number]) =>
      withTargets(stack, file, change, async () => {
        const verdicts = await eventually(
          "it is reported",
          async () => {
            const all = await diagnose(stack);
            const found = all.find((each) => each.hop === hop && each.state === "broken");
            // While the other stacks here start, a query of the doctor can exceed its time limit.
            return found && !found.text.startsWith("cannot be checked") && all;
          },
          90_000,
        );
        assertNamed(verdicts, signal, hop, cause);
      });

    // The tests of one file run one after another. The two files are tested concurrently, as different hops read them.
    for (const [file, rows] of Map.groupBy(WRONG, ([file]) => file))
      describe(file, { concurrency: false }, () => {
        for (const row of rows) it(`reports “${row[3]}”`, () => assertFound(row));
        if (file === "services.json")
          describe("scrape targets that a user adds", () => ownTargets(() => stack));
      });
  });

  /** Stacks that may run at the same time on two cores, besides the one above. */
  const AT_ONCE = 2;

  describe("addresses", { concurrency: AT_ONCE }, () => {
    let stacks = 0;

    async function brokenStack(
      env: Record<string, Record<string, string>>,
      act: (stack: RunningStack) => Promise<void> = async () => {},
    ): Promise<HopResult[]> {
      stacks += 1;
      const broken = await startSeparate(`${stacks}`, env);
      try {
        await act(broken);
        return await diagnose(broken);
      } finally {
        await broken.down();
      }
    }
    const forAll = (env: Record<string, string>) =>
      Object.fromEntries(SERVICE_NAMES.map((name) => [name, env]));
    const nowhere = "http://127.0.0.1:1";

    it("reports “requests go through” and “Alertmanager → console”", async () => {
      const verdicts = await brokenStack(
        { gateway: { SERVICE_A_GRPC: "127.0.0.1:1" } },
        async ({ stateFolder }) => {
          const folder = (await readdir(stateFolder)).find((name) => name.startsWith("alertmanager-")) ?? "";
          await writeFile(join(stateFolder, folder, "webhook-url"), `${nowhere}/api/alerts`);
        },
      );
      assertNamed(verdicts, "traces", "requests go through", /: 503 /);
      assertNamed(
        verdicts,
        "alerts",
        "Alertmanager → console",
        /sends alerts to http:\/\/127\.0\.0\.1:1\/api\/alerts/,
      );
    });

    it("reports “services → collector” and “services → Loki”", async () => {
      const verdicts = await brokenStack({
        "service-a": { OTEL_EXPORTER_OTLP_ENDPOINT: nowhere },
        "service-b": { LOKI_URL: nowhere },
      });
      assertNamed(verdicts, "traces", "services → collector", /service-a cannot deliver: \d+ spans wait/);
      assertNamed(verdicts, "logs", "services → Loki", /service-b cannot deliver: \d+ log lines wait/);
    });

    it("reports “collector accepts” and “log lines are in Loki”, when telemetry is sent to another address", async () => {
      const verdicts = await brokenStack(
        forAll({
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://${HOST}:${stack.ports.OTELCOL_GRPC_PORT}`,
          LOKI_URL: stack.address("loki"),
        }),
      );
      assertNamed(verdicts, "traces", "collector accepts", /accepted no span/);
      assertNamed(verdicts, "logs", "log lines are in Loki", /no line of/);
    });

    it("reports “collector → Tempo”", async () => {
      const verdicts = await brokenStack({ otelcol: { TEMPO_OTLP_ENDPOINT: "127.0.0.1:1" } });
      assertNamed(verdicts, "traces", "collector → Tempo", /wait in its queue/);
    });

    it("reports “traces are in Tempo”, when the collector sends to another address", async () => {
      const verdicts = await brokenStack({
        otelcol: { TEMPO_OTLP_ENDPOINT: `${HOST}:${stack.ports.TEMPO_OTLP_PORT}` },
      });
      assertNamed(verdicts, "traces", "traces are in Tempo", /: 404 |has no span of/);
    });

    it("reports the hops behind the collector that OTLP metrics and logs do not pass", async () => {
      const verdicts = await brokenStack({ otelcol: { PROMETHEUS_URL: nowhere, LOKI_URL: nowhere } });
      assertNamed(
        verdicts,
        "OTLP metrics",
        "OTLP metric point → Prometheus",
        /wait in the queue of otlp_http\/prometheus/,
      );
      assertNamed(verdicts, "OTLP logs", "OTLP log record → Loki", /wait in the queue of otlp_http\/loki/);
      assert.ok(verdicts.every(({ signal, state }) => signal !== "OTLP traces" || state === "ok"));
    });

    it("reports these hops when the collector sends to another address", async () => {
      const [PROMETHEUS_URL, LOKI_URL] = [stack.address("prometheus"), stack.address("loki")];
      const verdicts = await brokenStack({ otelcol: { PROMETHEUS_URL, LOKI_URL } });
      assertNamed(verdicts, "OTLP metrics", "OTLP metric point → Prometheus", /sends it to another address/);
      assertNamed(verdicts, "OTLP logs", "OTLP log record → Loki", /sends it to another address/);
    });
  });
});
