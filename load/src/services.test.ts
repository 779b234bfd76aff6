import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cpuPerRequest, droppedBetween, readServices } from "./services.ts";

const cpu = (user: number, system: number) =>
  new Map([
    ["process_cpu_user_seconds_total", user],
    ["process_cpu_system_seconds_total", system],
  ]);

describe("the CPU time per request", () => {
  it("is the growth of both counters, in microseconds", () => {
    const before = { gateway: cpu(1, 0.5), "service-a": cpu(2, 0) };
    const after = { gateway: cpu(3, 1.5), "service-a": cpu(2.5, 0) };
    assert.deepEqual(cpuPerRequest(["gateway", "service-a"], before, after, 1000), {
      gateway: 3000,
      "service-a": 500,
    });
  });

  it("is unknown without requests, after a restart, and if a service did not respond", () => {
    const before = { gateway: cpu(5, 5) };
    assert.deepEqual(cpuPerRequest(["gateway"], before, { gateway: cpu(6, 6) }, 0), {});
    assert.deepEqual(cpuPerRequest(["gateway"], before, { gateway: cpu(1, 1) }, 10), {});
    assert.deepEqual(cpuPerRequest(["gateway"], before, {}, 10), {});
  });
});

describe("dropped telemetry", () => {
  const dropped = (spans: number, lines: number) =>
    new Map([
      ["telemetry_spans_dropped_total", spans],
      ["telemetry_log_lines_dropped_total", lines],
    ]);

  it("is the growth over all services", () => {
    const before = { a: dropped(1, 0), b: dropped(0, 5) };
    assert.deepEqual(droppedBetween(before, { a: dropped(4, 0), b: dropped(2, 5) }), { spans: 5, lines: 0 });
  });

  it("includes everything that a restarted service has dropped", () => {
    assert.deepEqual(droppedBetween({ a: dropped(9, 9) }, { a: dropped(2, 1) }), { spans: 2, lines: 1 });
  });
});

it("a service that does not respond has no counters", async () => {
  const read = async (url: string) => {
    if (url.startsWith("http://b")) throw new Error("down");
    return new Map([["x", 1]]);
  };
  assert.deepEqual(await readServices({ a: "http://a", b: "http://b" }, read), { a: new Map([["x", 1]]) });
});
