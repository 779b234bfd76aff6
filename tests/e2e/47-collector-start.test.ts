import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { logFile, tailOf } from "@lgtm-lab/stack";
import { lab } from "./support/lab.ts";

/** The order was drawn anew at each start: one good start proves nothing, so many by chance are next to impossible. */
const STARTS = 12;

/** More than the collector says at a start. */
const LINES = 200;

/** What the collector says first, when an exporter opens its queue, and when the receiver opens its port. */
const BEGINS = "Starting otelcol";
const QUEUE_OPEN = new Set(["Initializing new persistent queue", "Loaded queue metadata"]);
const SERVES = "Starting GRPC server";

interface Entry {
  readonly msg: string;
  readonly "otelcol.component.id"?: string;
}

/*
 * A collector that comes back is met by everything its senders have kept meanwhile. Up to 0.155 it could open its port
 * before the last exporter had its queue, and died of the first message (open-telemetry/opentelemetry-collector#15485).
 */
describe("the collector serves once it can keep what it takes", () => {
  it(`in ${STARTS} starts, every exporter has its queue before the port is open`, async () => {
    const stack = await lab();
    for (let start = 1; start <= STARTS; start++) {
      await stack.stopComponent("otelcol");
      await stack.startComponent("otelcol");
      const entries = tailOf(logFile(stack.state, "otelcol"), LINES)
        .filter((line) => line.startsWith("{"))
        .map((line): Entry => JSON.parse(line));
      const begins = entries.findLastIndex(({ msg }) => msg.startsWith(BEGINS));
      assert.notEqual(begins, -1, `start ${start}: it never said "${BEGINS}"`);
      const said = entries.slice(begins);
      const serves = said.findIndex(({ msg }) => msg === SERVES);
      assert.notEqual(serves, -1, `start ${start}: it never said "${SERVES}"`);
      const open = said
        .slice(0, serves)
        .filter(({ msg }) => QUEUE_OPEN.has(msg))
        .map((entry) => entry["otelcol.component.id"]);
      assert.deepEqual(
        open.sort(),
        ["otlp_grpc/tempo", "otlp_http/loki", "otlp_http/prometheus", "otlp_http/prometheus-exponential"],
        `start ${start}`,
      );
    }
  });
});
