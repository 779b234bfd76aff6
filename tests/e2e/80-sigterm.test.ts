import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, describe, it } from "node:test";
import { SERVICE_NAMES } from "@lgtm-lab/contracts";
import { runsLongTests } from "../runner/env.ts";
import { inContainers } from "./support/env.ts";
import { hostPort, lab, urls } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { attribute, callGrpc, nanos, requestOf, sendOtlp } from "./support/otlp.ts";
import { encodeOtlp } from "./support/otlp-protobuf.ts";
import { query } from "./support/prometheus.ts";
import { GATEWAY_REQUESTS } from "./support/requests.ts";
import { trace, traceOf } from "./support/tempo.ts";
import { Traffic } from "./support/traffic.ts";
import { eventually } from "./support/within.ts";

/** The services that the traffic reaches: the gateways and the services behind them. */
const COMPONENTS = SERVICE_NAMES.filter((name) =>
  GATEWAY_REQUESTS.some((request) => request.gateway === name || request.service === name),
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
      const requests = GATEWAY_REQUESTS.filter(
        (request) => request.gateway === name || request.service === name,
      ).map((request) => ({
        ...request,
        path: request.route === "/b/numbers" ? "/b/numbers?count=4&delay_ms=50" : request.path,
      }));
      const traffic = new Traffic({ rate: 100, requests, base: at.base });
      await eventually("traffic flows", async () => traffic.sent.length > 100);
      await stack.stopComponent(name);
      const sent = await traffic.stop();

      const succeeded = sent.filter(({ status }) => status === 200);
      const refused = sent.filter(({ status }) => status !== 200);
      // A stopped gateway refuses connections; with a stopped service the gateway responds with 503. Nothing else may
      // happen.
      for (const { status, body } of refused) {
        if (name.startsWith("gateway")) assert.match(`${status} ${body}`, /^0 .*ECONNREFUSED/);
        else assert.equal(status, 503, body);
      }
      for (const { request, body } of succeeded) {
        const reply = JSON.parse(body);
        if (request.route === "/b/numbers") assert.deepEqual(reply.values, [1, 2, 3, 4]);
        else assert.equal(reply.message, `Olá, Ana! [${request.protocol === "gRPC" ? "A" : "A-REST"}]`);
      }
      assert.ok(succeeded.length >= 100);
      console.log(
        `    ${name}: ${succeeded.length} succeeded, ${refused.length} refused after the stop, 0 lost`,
      );

      for (const { traceId, request } of succeeded) {
        await eventually(
          `trace ${traceId}`,
          () => traceOf(at.tempo, traceId, [request.gateway, request.service]),
          10_000,
        );
      }
      await stack.startComponent(name);
      await eventually(`${name} is back`, async () =>
        (
          await Promise.all(
            requests.map(async (request) => (await fetch(at.base(request) + request.path)).status),
          )
        ).every((s) => s === 200),
      );
    });
  }
});

/** Sends items, and finds those that are missing after the restart. */
interface Delivery {
  /** Whether the senders use another program, which keeps the items until the component is back. */
  buffered?: boolean;
  send(id: string, sender: number): Promise<void>;
  missing(ids: string[]): Promise<string[]>;
}

const SERVICE = "sigterm-sender";

/** The component that stops, and the items that it receives. */
const DELIVERIES: [component: string, items: string, open: () => Promise<Delivery>][] = [
  ["otelcol", "spans", spansToCollector],
  [
    "tempo",
    "spans",
    async () => {
      const otlp = await hostPort("TEMPO_OTLP_PORT");
      const send = (id: string) => {
        const request = requestOf("traces", [{ service: SERVICE, items: [span(id)] }]);
        const bytes = encodeOtlp(request, (text) => Buffer.from(text));
        return callGrpc(otlp, "traces", bytes);
      };
      return { ...(await spansToCollector()), send };
    },
  ],
  // With one stream, a restart of Loki may lose lines of pushes that arrive at the same time (docs/telemetry-loss.md).
  ["loki", "lines of one stream for each sender", async () => linesTo(`${(await urls()).loki}/otlp`, true)],
  ["loki", "lines of one stream, from the collector", async () => linesTo((await urls()).collector, false)],
  [
    "prometheus",
    "points",
    async () => {
      const { prometheus } = await urls();
      return {
        send: (id) => {
          const points = [{ asInt: "1", timeUnixNano: nanos(), attributes: [attribute("id", id)] }];
          const items = [{ name: "sigterm_items", gauge: { dataPoints: points } }];
          return sendOtlp({ collector: `${prometheus}/api/v1/otlp` }, "metrics", [
            { service: SERVICE, items },
          ]);
        },
        missing: async (ids) => {
          const found = await query(prometheus, "last_over_time(sigterm_items[10m])");
          const stored = new Set(found.map(({ metric }) => metric.id));
          return ids.filter((id) => !stored.has(id));
        },
      };
    },
  ],
];

/** Each sends its next item when the last one has been acknowledged, until one of them fails because of the stop. */
const SENDERS = 16;
/** No sender fails while another program keeps the items. */
const BUFFERED_ITEMS_PER_SENDER = 60;
/** A loss needs an acknowledgement in the few milliseconds of the stop, so one stop may not show it. */
const STOPS = runsLongTests ? 5 : 1;

// The first group mostly waits for one stream, and needs no backend. So both run at the same time.
describe("SIGTERM", { concurrency: true }, () => {
  describe("a gateway that stops with an open stream", { concurrency: false }, () => {
    after(async () => (await lab()).startComponent("gateway"));

    it("a stream of over 10 s ends with an error event", async () => {
      const stack = await lab();
      const at = await urls();
      const response = await fetch(`${at.base({ gateway: "gateway" })}/b/numbers?count=300&delay_ms=100`, {
        headers: { accept: "text/event-stream" },
      });
      const text = response.text();
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
          (response) => response.status === 503,
          () => true,
        ),
      );
      assert.match(await stream.text(), /event: end/);
      await stopped;
    });
  });

  describe("what was acknowledged is stored", {
    concurrency: false,
    skip: inContainers && "these ports are closed",
  }, () => {
    for (const [component, items, open] of DELIVERIES)
      it(`${component} stops while it receives ${items}`, async () => {
        const stack = await lab();
        for (let stop = 1; stop <= STOPS; stop++) {
          const { send, missing, buffered } = await open();
          const acknowledged: string[] = [];
          let failure: unknown;
          const sending = Array.from({ length: SENDERS }, async (_, sender) => {
            for (let sent = 0; !failure && (!buffered || sent < BUFFERED_ITEMS_PER_SENDER); sent++) {
              const id = randomBytes(16).toString("hex");
              try {
                await send(id, sender);
                acknowledged.push(id);
              } catch (error) {
                failure = error;
              }
            }
          });
          await eventually("items are acknowledged", async () => {
            if (failure) throw failure;
            return acknowledged.length > SENDERS * 10;
          });
          await stack.stopComponent(component);
          await Promise.all(sending);
          assert.ok(buffered || failure, "nothing was sent during the stop");
          await stack.startComponent(component);
          let left = acknowledged;
          await eventually(`stop ${stop}: all ${acknowledged.length} acknowledged items`, async () => {
            left = await missing(left);
            return left.length === 0;
          }).catch((error) => {
            throw new Error(`${left.length} are missing, for example ${left.slice(0, 3)}`, { cause: error });
          });
        }
      });
  });
});

async function spansToCollector(): Promise<Delivery> {
  const at = await urls();
  return {
    send: (id) => sendOtlp(at, "traces", [{ service: SERVICE, items: [span(id)] }]),
    missing: async (ids) => {
      const left: string[] = [];
      for (const id of ids) if (!(await trace(at.tempo, id))) left.push(id);
      return left;
    },
  };
}

/** Sends log lines to an address of OTLP/HTTP: to a separate stream for each sender, or all to the same. */
async function linesTo(collector: string, separate: boolean): Promise<Delivery> {
  const { loki } = await urls();
  const prefix = `${SERVICE}-${randomBytes(4).toString("hex")}`;
  return {
    buffered: !separate,
    send: (id, sender) => {
      const service = separate ? `${prefix}-${sender}` : prefix;
      const items = [{ timeUnixNano: nanos(), body: { stringValue: id } }];
      return sendOtlp({ collector }, "logs", [{ service, items }], "json", separate ? 204 : 200);
    },
    missing: async (ids) => {
      const found = await lines(loki, `{service_name=~"${prefix}.*"}`);
      const stored = new Set(found.map(({ text }) => text));
      return ids.filter((id) => !stored.has(id));
    },
  };
}

const span = (traceId: string) => ({
  traceId,
  spanId: traceId.slice(16),
  name: "acknowledged",
  startTimeUnixNano: nanos(),
  endTimeUnixNano: nanos(),
});
