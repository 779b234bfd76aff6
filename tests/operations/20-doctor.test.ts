import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SERVICE_NAMES } from "@lgtm-lab/contracts";
import { diagnose, HOST, type HopResult, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import { hostPort, lab, urls } from "../e2e/support/lab.ts";
import { query } from "../e2e/support/prometheus.ts";
import { runLab } from "../e2e/support/run-lab.ts";
import { type Group, withTargets } from "../e2e/support/targets.ts";
import { eventually } from "../e2e/support/within.ts";

/**
 * Asserts that the doctor reports exactly this hop of this signal with reason and fix, and does not check the hops
 * after it.
 */
function assertNamed(verdicts: HopResult[], signal: string, hop: string, cause: RegExp): void {
  const own = verdicts.filter((each) => each.signal === signal);
  const found = own.find(({ state }) => state === "broken");
  assert.equal(found?.hop, hop, JSON.stringify(own, undefined, 1));
  assert.match(found?.text ?? "", cause);
  assert.ok(found?.fix, "it names no fix");
  const index = own.indexOf(found);
  assert.ok(own.slice(0, index).every(({ state }) => state === "ok"));
  assert.ok(own.slice(index + 1).every(({ state }) => state === "not reached"));
}

/** Ignores losses, which other tests may have caused. */
async function assertHealthy(): Promise<void> {
  const stack = await lab();
  await eventually("the doctor finds nothing", async () =>
    (await diagnose(stack)).every(({ signal, state }) => signal === "losses" || state === "ok"),
  );
}

describe("the doctor, with components down", () => {
  type Down = readonly [name: string, signal: string, hop: string];
  /** Each row has components that are down at the same time, because they belong to different signals. */
  const DOWN: readonly (readonly Down[])[] = [
    [
      ["tempo", "traces", "tempo is ready"],
      ["loki", "logs", "loki is ready"],
      ["alertmanager", "alerts", "alertmanager is ready"],
      ["node_exporter", "scrape targets", "every target is up"],
    ],
    [
      ["otelcol", "traces", "otelcol is ready"],
      ["otelcol", "OTLP logs", "otelcol is ready"],
      ["console", "alerts", "console is ready"],
    ],
    [["service-b", "traces", "services respond"]],
    [["prometheus", "metrics", "prometheus is ready"]],
  ];

  it("finds nothing when everything works", assertHealthy);

  for (const row of DOWN) {
    const names = [...new Set(row.map(([name]) => name))];
    it(`${names.join(", ")}: reports ${row.map(([, , hop]) => `“${hop}”`).join(", ")}`, async () => {
      const stack = await lab();
      await Promise.all(names.map((name) => stack.stopComponent(name)));
      try {
        const verdicts = await eventually("they are reported", async () => {
          const all = await diagnose(stack);
          const isBroken = ([, signal]: Down) =>
            all.some((each) => each.signal === signal && each.state === "broken");
          return row.every(isBroken) && all;
        });
        for (const [name, signal, hop] of row) {
          assertNamed(
            verdicts,
            signal,
            hop,
            hop.startsWith(name) ? /ECONNREFUSED/ : new RegExp(`\\b${name}\\b`),
          );
          const found = verdicts.find((each) => each.signal === signal && each.hop === hop);
          assert.match(found?.fix ?? "", new RegExp(`npx lab logs ${name}\\b`));
        }
      } finally {
        await Promise.all(names.map((name) => stack.startComponent(name)));
      }
    });
  }
});

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
function ownTargets(): void {
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
    const stack = await lab();
    await withTargets(
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

// These mostly wait, and only the addresses need separate stacks. So they run at the same time.
describe("the doctor, with a wrong configuration", { concurrency: true }, () => {
  describe("target lists", { concurrency: true }, () => {
    after(assertHealthy);

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
      withTargets(file, change, async () => {
        const verdicts = await eventually(
          "it is reported",
          async () => {
            const all = await diagnose(await lab());
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
        if (file === "services.json") describe("scrape targets that a user adds", ownTargets);
      });
  });

  /** Stacks that may run at the same time on two cores. */
  const AT_ONCE = 2;

  describe("addresses", { concurrency: AT_ONCE }, () => {
    let stacks = 0;

    async function brokenStack(
      env: Record<string, Record<string, string>>,
      act: (stack: RunningStack) => Promise<void> = async () => {},
    ): Promise<HopResult[]> {
      stacks += 1;
      const stateFolder = join(REPOSITORY, `.lab/test-doctor-${stacks}`);
      await rm(stateFolder, { recursive: true, force: true });
      const stack = await startStack({ stateFolder, ports: "free", env });
      try {
        await act(stack);
        return await diagnose(stack);
      } finally {
        await stack.down();
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

    it("reports “collector → Tempo”", async () => {
      const verdicts = await brokenStack({ otelcol: { TEMPO_OTLP_ENDPOINT: "127.0.0.1:1" } });
      assertNamed(verdicts, "traces", "collector → Tempo", /wait in its queue/);
    });

    it("reports “traces are in Tempo”, when the collector sends to another address", async () => {
      const verdicts = await brokenStack({
        otelcol: { TEMPO_OTLP_ENDPOINT: await hostPort("TEMPO_OTLP_PORT") },
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
      const { prometheus, loki } = await urls();
      const verdicts = await brokenStack({ otelcol: { PROMETHEUS_URL: prometheus, LOKI_URL: loki } });
      assertNamed(verdicts, "OTLP metrics", "OTLP metric point → Prometheus", /sends it to another address/);
      assertNamed(verdicts, "OTLP logs", "OTLP log record → Loki", /sends it to another address/);
    });
  });
});

describe("the doctor, with lost data", () => {
  const STATE_FOLDER = join(REPOSITORY, ".lab/test-doctor-losses");
  let stack: RunningStack;
  before(async () => {
    await rm(STATE_FOLDER, { recursive: true, force: true });
    stack = await startStack({ stateFolder: STATE_FOLDER, ports: "free" });
  });
  after(() => stack.down());

  const lossesOf = async (signal: string) =>
    (await diagnose(stack)).find((verdict) => verdict.signal === "losses" && verdict.hop === signal);

  it("finds nothing at first, and its exit code is 0", async () => {
    const { exitCode, stdout: out } = await runLab(STATE_FOLDER, "doctor");
    assert.equal(exitCode, 0, out);
    assert.match(out, /✓ logs +[\d.]+ s +nothing lost/);
  });

  const now = () => `${Date.now()}000000`;
  const old = `${Date.now() - 9 * 86_400_000}000000`;
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "outsider" } }] };
  const span = (more: Record<string, unknown>) => ({
    resourceSpans: [
      {
        resource,
        scopeSpans: [{ spans: [{ name: "x", startTimeUnixNano: now(), endTimeUnixNano: now(), ...more }] }],
      },
    ],
  });
  const huge = [{ key: "a", value: { stringValue: "x".repeat(1_500_000) } }];
  const id = "ab".repeat(16);
  const LOSSES: [
    what: string,
    signal: "traces" | "metrics" | "logs",
    bodies: () => unknown[],
    cause: RegExp,
    fix: RegExp,
  ][] = [
    [
      "a zero trace id",
      "traces",
      () => [span({ traceId: "0".repeat(32), spanId: "00f067aa0ba902b7" })],
      /trace id.*bug in (its|the) sender/,
      /in the sender/,
    ],
    [
      "a trace that is too large",
      "traces",
      () => [1, 2, 3, 4].map((n) => span({ traceId: id, spanId: `00f067aa0ba902b${n}`, attributes: huge })),
      /exceeds Tempo's maximum size/,
      /new trace for each request/,
    ],
    [
      "an exponential histogram that does not add up",
      "metrics",
      () => {
        const dataPoints = [{ count: "4", zeroCount: "1", timeUnixNano: now() }];
        const exponentialHistogram = { aggregationTemporality: 2, dataPoints };
        const metrics = [{ name: "x", exponentialHistogram }];
        return [{ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] }];
      },
      /1 metric point .*otlp_http\/prometheus-exponential.*buckets do not add up to its count/,
      /sender's SDK has a defect/,
    ],
    [
      "a log record that is too old",
      "logs",
      () => [
        {
          resourceLogs: [
            { resource, scopeLogs: [{ logRecords: [{ timeUnixNano: old, body: { stringValue: "x" } }] }] },
          ],
        },
      ],
      /older than|too old/,
      /clock/,
    ],
  ];
  const INVALID_CAUSE = /rejected 1 request in the last 10 minutes \(400, \/v1\/traces\): .*not valid OTLP/;

  describe("once it is lost", () => {
    let losses: HopResult[] = [];
    const problemOf = (signal: string, cause: RegExp) =>
      losses.find(({ hop }) => hop === signal)?.problems.find((each) => cause.test(each.cause));

    // Sends all of them first, because each needs a scrape to be counted. The tests then check each report.
    before(async () => {
      const send = (signal: string, body: unknown) =>
        fetch(`http://${HOST}:${stack.ports.OTELCOL_HTTP_PORT}/v1/${signal}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });
      for (const [, signal, bodies] of LOSSES)
        for (const body of bodies()) {
          const response = await send(signal, body);
          assert.equal(response.status, 200, await response.text());
        }
      const invalid = span({ traceId: "abcdef0123456789", spanId: "00f067aa0ba902b7" });
      assert.equal((await send("traces", invalid)).status, 400);
      await eventually("all are reported", async () => {
        losses = (await diagnose(stack)).filter(({ signal }) => signal === "losses");
        const isReported = LOSSES.every(([, signal, , cause]) => problemOf(signal, cause));
        return isReported && problemOf("requests", INVALID_CAUSE);
      }).catch(() => {});
    });

    for (const [what, signal, , cause, fix] of LOSSES)
      it(`reports ${what}, with the reason`, () => {
        const problem = problemOf(signal, cause);
        assert.ok(problem, JSON.stringify(losses));
        assert.match(problem.cause, /in the last 10 minutes|among these/);
        assert.match(problem.fix, fix);
      });

    it("reports a request that is not valid OTLP, with its path", () => {
      const problem = problemOf("requests", INVALID_CAUSE);
      assert.match(problem?.fix ?? JSON.stringify(losses), /CollectorInvalidRequests/);
    });
  });

  it("all hops work, but the exit code is 1", async () => {
    const verdicts = await diagnose(stack);
    assert.ok(verdicts.every(({ signal, state }) => signal === "losses" || state === "ok"));
    const { exitCode, stdout: out } = await runLab(STATE_FOLDER, "doctor");
    assert.equal(exitCode, 1);
    assert.match(out, /! traces .*problems\n +(otelcol|tempo) .* spans in the last 10 minutes/);
  });

  it("while Prometheus is down, it reports the losses since each component's start, and that the list is incomplete", async () => {
    await stack.stopComponent("prometheus");
    try {
      const { state, problems } = (await lossesOf("traces")) ?? {};
      assert.equal(state, "lost");
      assert.match(problems?.[0]?.cause ?? "", /since its start/);
      assert.match(problems?.at(-1)?.cause ?? "", /Prometheus does not respond.*no counts from prometheus/);
    } finally {
      await stack.startComponent("prometheus");
    }
  });
});
