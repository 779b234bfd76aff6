import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { SERVICE_NAMES } from "@lgtm-lab/contracts";
import { lab, urls } from "./support/lab.ts";
import { WAYS } from "./support/requests.ts";
import { traceOf } from "./support/tempo.ts";
import { Traffic } from "./support/traffic.ts";
import { eventually } from "./support/within.ts";

/** The services that the traffic reaches: the gateways and the services behind them. */
const COMPONENTS = SERVICE_NAMES.filter((name) =>
  WAYS.some((way) => way.gateway === name || way.service === name),
);

describe("SIGTERM under load", () => {
  // Restores the stack after a failed test. Services start first, because a gateway is ready only if they are.
  afterEach(async () => {
    const stack = await lab();
    for (const name of COMPONENTS.toReversed()) await stack.startComponent(name);
  });

  for (const name of COMPONENTS) {
    it(`${name}: every accepted request gets a complete response, and no span is lost`, async () => {
      const stack = await lab();
      const at = await urls();
      const ways = WAYS.filter((way) => way.gateway === name || way.service === name).map((way) => ({
        ...way,
        path: way.route === "/b/numbers" ? "/b/numbers?count=4&delay_ms=50" : way.path,
      }));
      const traffic = new Traffic({ rate: 100, ways, base: at.base });
      await eventually("traffic flows", async () => traffic.sent.length > 100);
      await stack.stopComponent(name);
      const sent = await traffic.stop();

      const answered = sent.filter(({ status }) => status === 200);
      const refused = sent.filter(({ status }) => status !== 200);
      // A stopped gateway refuses connections; with a stopped service the gateway responds with 503. Nothing else may
      // happen.
      for (const { status, body } of refused) {
        if (name.startsWith("gateway")) assert.match(`${status} ${body}`, /^0 .*ECONNREFUSED/);
        else assert.equal(status, 503, body);
      }
      for (const { way, body } of answered) {
        const reply = JSON.parse(body);
        if (way.route === "/b/numbers") assert.deepEqual(reply.values, [1, 2, 3, 4]);
        else assert.equal(reply.message, `Olá, Ana! [${way.protocol === "gRPC" ? "A" : "A-REST"}]`);
      }
      assert.ok(answered.length >= 100);
      console.log(
        `    ${name}: ${answered.length} answered, ${refused.length} refused after the stop, 0 lost`,
      );

      for (const { traceId, way } of answered) {
        await eventually(
          `trace ${traceId}`,
          () => traceOf(at.tempo, traceId, [way.gateway, way.service]),
          10_000,
        );
      }
      await stack.startComponent(name);
      await eventually(`${name} is back`, async () =>
        (await Promise.all(ways.map(async (way) => (await fetch(at.base(way) + way.path)).status))).every(
          (s) => s === 200,
        ),
      );
    });
  }

  it("a stream of over 10 s ends with an error event", async () => {
    const stack = await lab();
    const at = await urls();
    const answer = await fetch(`${at.base({ gateway: "gateway" })}/b/numbers?count=300&delay_ms=100`, {
      headers: { accept: "text/event-stream" },
    });
    const text = answer.text();
    await stack.stopComponent("gateway");
    assert.match(await text, /event: error\ndata: .*"status":503/);
  });

  it("a stopping gateway is not ready", async () => {
    const stack = await lab();
    await stack.startComponent("gateway");
    const at = await urls();
    // The open stream delays the stop, so that the test can see the gateway while it stops.
    const stream = await fetch(`${at.base({ gateway: "gateway" })}/b/numbers?count=20&delay_ms=100`, {
      headers: { accept: "text/event-stream" },
    });
    const stopped = stack.stopComponent("gateway");
    await eventually("the listener is closed", async () =>
      fetch(`${at.base({ gateway: "gateway" })}/readyz`).then(
        (answer) => answer.status === 503,
        () => true,
      ),
    );
    assert.match(await stream.text(), /event: end/);
    await stopped;
  });
});
