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
const MAY_LOSE_MS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(SERVICE_NAMES.map((name) => [name, 1_000])),
  tempo: 2_000,
  loki: 0,
  otelcol: 0,
  prometheus: 0,
  alertmanager: 0,
  node_exporter: 0,
  console: 0,
};

/** Killed at the same time: neither traces nor lines pass through them. */
const TOGETHER = ["prometheus", "alertmanager", "node_exporter", "console"];
const ROUNDS = [
  ...Object.keys(MAY_LOSE_MS)
    .filter((name) => !TOGETHER.includes(name))
    .map((name) => [name]),
  TOGETHER,
];

const RATE = 100;
/** Allows for the time from a request to its response. */
const RESPONSE_MS = 100;
/** The minimum number of requests that must not be lost. */
const KEPT = 100;

describe("kill -9 of each component under traffic", () => {
  it("every component except Grafana is tested here", () => {
    const names = COMPONENTS.map(({ name }) => name).filter((name) => name !== "grafana");
    assert.deepEqual(Object.keys(MAY_LOSE_MS).sort(), names.sort());
  });

  for (const names of ROUNDS) {
    const title = names.join(", ");
    const mayLoseMs = Math.max(...names.map((name) => MAY_LOSE_MS[name] ?? 0));
    it(`${title}: back within 10 s, with a loss of at most the last ${mayLoseMs} ms`, async () => {
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
      const mayLose = mayLoseMs > 0 ? ((mayLoseMs + RESPONSE_MS) * RATE) / 1000 : 0;
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

      const other = sent.filter(({ at: sentAt, status }) => sentAt < killedAt - 500 && status !== 200);
      assert.deepEqual(other, [], "requests failed before the kill");
      const kept = sent.filter(({ at: sentAt, status }) => status === 200 && !mayBeLost(sentAt));
      assert.ok(kept.length > KEPT);
      for (const { traceId, request } of kept) {
        const services = [request.gateway, request.service];
        await eventually(`${title}: trace ${traceId}`, () => traceOf(at.tempo, traceId, services), 15_000);
      }
      await eventually(`${title}: all log lines`, () => allLines(at.loki, kept), 15_000);

      function mayBeLost(sentAt: number): boolean {
        return mayLoseMs > 0 && sentAt > killedAt - mayLoseMs - RESPONSE_MS && sentAt <= killedAt;
      }
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
