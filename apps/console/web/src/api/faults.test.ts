import assert from "node:assert/strict";
import { test } from "vitest";
import { readLines } from "../lines/read.ts";
import { isFaultName, readFaultLines } from "./faults.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const response = (...lines: [ns: string, line: unknown][]) =>
  readLines([
    {
      stream: {},
      values: lines.map(
        ([ns, line]) => [ns, typeof line === "string" ? line : JSON.stringify(line)] as const,
      ),
    },
  ]);

test("parses set, affected and ended lines, in order of time", () => {
  const service_name = "service-b";
  const lines = readFaultLines(
    response(
      ["1764000003000000000", { service_name, fault: "slow-b", msg: "fault slow-b has ended: it expired" }],
      [
        "1764000001500000000",
        {
          service_name,
          fault: "slow-b",
          trace_id: TRACE,
          msg: "call affected by fault slow-b",
        },
      ],
      ["1764000001000000000", { service_name, fault: "slow-b", for_ms: 2000, msg: "fault slow-b is set" }],
    ),
  );
  const base = { fault: "slow-b", service: "service-b" };
  assert.deepEqual(lines, [
    { kind: "set", ...base, at: 1_764_000_001_000, forMs: 2000 },
    { kind: "affected", ...base, at: 1_764_000_001_500, traceId: TRACE },
    { kind: "ended", ...base, at: 1_764_000_003_000, endedByUser: false },
  ]);
});

test("ignores other lines", () => {
  const lines = response(
    ["1", "not JSON"],
    ["2", "null"],
    ["3", { fault: 7, msg: "fault 7 is set" }],
    ["4", { fault: "slow-b", msg: { is: "set" } }],
    ["x", { fault: "slow-b", msg: "fault slow-b is set" }],
    ["5", { fault: "slow-b", msg: "request failed" }],
  );
  assert.deepEqual(readFaultLines(lines), []);
  assert.deepEqual(readFaultLines([]), []);
});

test("omits an invalid trace id", () => {
  const [line] = readFaultLines(
    response(["1", { fault: "a", trace_id: "<script>", msg: "call affected by fault a" }]),
  );
  assert.equal(line?.kind, "affected");
  assert.equal(line?.traceId, undefined);
});

test("only valid names are used in a query", () => {
  assert.ok(isFaultName("slow-b"));
  for (const text of ["", "Slow", 'a"} | line_format "x', "a.*", "-a", "a".repeat(50)])
    assert.ok(!isFaultName(text), text);
});
