import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SERVICE_NAMES } from "@lgtm-lab/contracts";
import { COMPONENTS } from "@lgtm-lab/stack";
import { lab, urls } from "./support/lab.ts";
import { countLines } from "./support/loki.ts";
import { call, GATEWAY_REQUESTS } from "./support/requests.ts";
import { traceOf } from "./support/tempo.ts";
import { type Sent, Traffic } from "./support/traffic.ts";
import { eventually, within } from "./support/within.ts";

/**
 * The maximum loss after SIGKILL (docs/telemetry-loss.md): traces and lines of requests that were answered longer ago
 * than this must be stored. A service may lose its last second, Tempo its last two, the others nothing that they
 * acknowledged.
 */
const NOTHING = { traces: 0, lines: 0 };
const MAY_LOSE_MS: Readonly<Record<string, { traces: number; lines: number }>> = {
  ...Object.fromEntries(SERVICE_NAMES.map((name) => [name, { traces: 1_000, lines: 1_000 }])),
  tempo: { traces: 2_000, lines: 0 },
  loki: NOTHING,
  otelcol: NOTHING,
  prometheus: NOTHING,
  alertmanager: NOTHING,
  node_exporter: NOTHING,
  console: NOTHING,
};

/** Each group is killed at once. No request, trace or log line passes through two members of a group. */
const TOGETHER = [
  ["gateway", "gateway-rest"],
  ["service-a", "service-b"],
  ["tempo", "loki"],
  ["prometheus", "alertmanager", "node_exporter", "console"],
];
const ROUNDS = [
  ...TOGETHER,
  ...Object.keys(MAY_LOSE_MS)
    .filter((name) => !TOGETHER.flat().includes(name))
    .map((name) => [name]),
];

const mayLoseMs = (names: readonly string[], signal: "traces" | "lines") =>
  Math.max(...names.map((name) => MAY_LOSE_MS[name]?.[signal] ?? 0));

const RATE = 100;
/** Allows for the time from the response to the end of its spans and its log lines. */
const AFTER_RESPONSE_MS = 100;
/** The minimum number of requests that must not be lost. */
const KEPT = 100;

describe("kill -9 of each component under traffic", () => {
  it("every component except Grafana is tested here", () => {
    const names = COMPONENTS.map(({ name }) => name).filter((name) => name !== "grafana");
    assert.deepEqual(Object.keys(MAY_LOSE_MS).sort(), names.sort());
  });

  for (const names of ROUNDS) {
    const title = names.join(", ");
    const [tracesMs, linesMs] = [mayLoseMs(names, "traces"), mayLoseMs(names, "lines")];
    it(`${title}: back within 10 s; at most the traces of the last ${tracesMs} ms and the lines of the last ${linesMs} ms are lost`, async () => {
      const stack = await lab();
      const at = await urls();
      await eventually("all requests succeed", async () =>
        (
          await Promise.all(
            GATEWAY_REQUESTS.map(async (request) => (await call(at.base(request), request.path)).status),
          )
        ).every((status) => status === 200),
      );
      const pids = new Map(names.map((name) => [name, stack.pid(name)]));
      const traffic = new Traffic({ rate: RATE, requests: GATEWAY_REQUESTS, base: at.base });
      const mayLose = ((Math.max(tracesMs, linesMs) + AFTER_RESPONSE_MS) * RATE) / 1000;
      await eventually("traffic flows", async () => traffic.sent.length > KEPT + mayLose + RATE / 2);
      const killedAt = Date.now();
      for (const name of names) stack.killComponent(name, "SIGKILL");
      await Promise.all(
        names.map((name) =>
          within(
            `${name} is back`,
            10_000,
            async () => stack.pid(name) !== pids.get(name) && stack.record(name).state === "ready",
          ),
        ),
      );
      const sent = await traffic.stop();

      // The times of responses, because on a busy machine a request can wait for a second in this process.
      const other = sent.filter(({ endedAt, status }) => endedAt < killedAt && status !== 200);
      assert.deepEqual(other, [], "requests failed before the kill");
      const keptOf = (lossMs: number): Sent[] => {
        const mayBeLost = ({ at: sentAt, endedAt }: Sent) =>
          lossMs > 0 && endedAt > killedAt - lossMs - AFTER_RESPONSE_MS && sentAt <= killedAt;
        const kept = sent.filter((each) => each.status === 200 && !mayBeLost(each));
        assert.ok(kept.length > KEPT);
        return kept;
      };
      const keptLines = keptOf(linesMs);
      for (const { traceId, request } of keptOf(tracesMs)) {
        const services = [request.gateway, request.service];
        await eventually(`${title}: trace ${traceId}`, () => traceOf(at.tempo, traceId, services), 15_000);
      }
      await eventually(`${title}: all log lines`, () => allLines(at.loki, keptLines), 15_000);
    });
  }
});

async function allLines(loki: string, sent: Sent[]): Promise<boolean> {
  for (let i = 0; i < sent.length; i += 100) {
    const ids = sent.slice(i, i + 100).map(({ traceId }) => traceId);
    const count = await countLines(loki, `{service_name=~".+"} | trace_id=~"${ids.join("|")}"`);
    if (count < ids.length * 2) return false;
  }
  return true;
}
