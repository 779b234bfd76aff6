import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { describe, it } from "node:test";
import { logFile, tailOf } from "@lgtm-lab/stack";
import { lab } from "./support/lab.ts";

/**
 * The order was random at each start. One correct start proves nothing; this many by chance are very unlikely.
 */
const STARTS = 12;

/** More log lines than the collector writes at a start. */
const LINES = 200;

/**
 * The log lines of the collector's start, of an exporter that opens its queue, and of the receiver that opens its port.
 */
const BEGINS = "Starting otelcol";
const QUEUE_OPEN = new Set(["Initializing new persistent queue", "Loaded queue metadata"]);
const SERVES = "Starting GRPC server";

interface Entry {
  readonly msg: string;
  readonly "otelcol.component.id"?: string;
}

/*
 * When a collector restarts, its senders deliver their buffered data. Up to 0.155 it could open its port before
 * the last exporter had its queue, and crashed on the first message
 * (open-telemetry/opentelemetry-collector#15485).
 */
describe("the collector accepts data only when it can store it", () => {
  it(`in ${STARTS} starts, every exporter has its queue before the port is open`, async () => {
    const stack = await lab();
    const file = logFile(stack.stateFolder, "otelcol");
    for (let start = 1; start <= STARTS; start++) {
      await stack.stopComponent("otelcol");
      const { size } = statSync(file);
      await stack.startComponent("otelcol");
      const entries = tailOf(file, LINES, size)
        .filter((line) => line.startsWith("{"))
        .map((line): Entry => JSON.parse(line));
      const begins = entries.findLastIndex(({ msg }) => msg.startsWith(BEGINS));
      assert.notEqual(begins, -1, `start ${start}: it never logged "${BEGINS}"`);
      const entriesOfStart = entries.slice(begins);
      const serves = entriesOfStart.findIndex(({ msg }) => msg === SERVES);
      assert.notEqual(serves, -1, `start ${start}: it never logged "${SERVES}"`);
      const open = entriesOfStart
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
