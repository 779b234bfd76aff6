import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { diagnose, HOST, type HopResult, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import { assertHealthy, assertNamed } from "../e2e/support/doctor.ts";
import { lab } from "../e2e/support/lab.ts";
import { runLab } from "../e2e/support/run-lab.ts";
import { eventually } from "../e2e/support/within.ts";

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

  it("finds nothing when everything works", async () => assertHealthy(await lab()));

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
