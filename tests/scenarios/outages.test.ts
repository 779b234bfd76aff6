import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { lab, urls } from "../e2e/support/lab.ts";
import { countLines, lines } from "../e2e/support/loki.ts";
import { GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { traceOf } from "../e2e/support/tempo.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { eventually } from "../e2e/support/within.ts";
import { runsLongTests } from "../runner/env.ts";

/** The outage must last this long; the test does not wait for an event. */
const OUTAGE_MS = runsLongTests ? 30_000 : 10_000;
/** Traces do not pass through Loki, nor lines through Tempo. So these two are stopped at the same time. */
const OUTAGES = [["tempo", "loki"], ["otelcol"]] as const;
const RATE = 20;

describe(`nothing is lost in a ${OUTAGE_MS / 1000} s outage under traffic`, () => {
  after(async () => {
    const stack = await lab();
    for (const name of OUTAGES.flat()) await stack.startComponent(name);
  });

  for (const names of OUTAGES) {
    const title = names.join(" and ");
    it(`${title}: everything that was sent is stored`, async () => {
      const stack = await lab();
      const at = await urls();
      const traffic = new Traffic({ rate: RATE, requests: GATEWAY_REQUESTS, base: at.base });
      await eventually("traffic flows", async () => traffic.sent.length > RATE);
      await Promise.all(names.map((name) => stack.stopComponent(name)));
      await setTimeout(OUTAGE_MS);
      await Promise.all(names.map((name) => stack.startComponent(name)));
      const sent = await traffic.stop();
      const broken = sent.filter(({ status }) => status !== 200);
      assert.deepEqual(broken, [], "an outage of a backend must not fail requests");

      let spans = 0;
      for (const { traceId, request } of sent) {
        const found = await eventually(
          `trace ${traceId}`,
          () => traceOf(at.tempo, traceId, [request.gateway, request.service]),
          60_000,
        );
        spans += found.length;
      }
      const linesOf = async (ids: string[]) =>
        countLines(at.loki, `{service_name=~".+"} | trace_id=~"${ids.join("|")}"`);
      let stored = 0;
      for (let i = 0; i < sent.length; i += 100) {
        const ids = sent.slice(i, i + 100).map(({ traceId }) => traceId);
        // The gateway and the service write one line each.
        stored += await eventually(
          `lines of requests ${i}…`,
          async () => {
            const count = await linesOf(ids);
            return count >= ids.length * 2 && count;
          },
          60_000,
        );
      }
      console.log(
        `    ${title}: ${sent.length} requests sent; stored ${spans} spans of 3 each, ${stored} lines of 2 each`,
      );
      assert.equal(spans, sent.length * 3, "each request is three spans: the gateway, the call, the service");
      assert.equal(stored, sent.length * 2, "no line twice, none missing");
      assert.equal(new Set(sent.map(({ traceId }) => traceId)).size, sent.length);
      assert.deepEqual(await lines(at.loki, '{level="critical"}', 120_000), []);
    });
  }
});
