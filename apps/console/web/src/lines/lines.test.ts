import assert from "node:assert/strict";
import { test } from "vitest";
import { NO_FILTER, readLogql, writeLogql } from "./logql.ts";
import { detailOf, errorOf, readLines } from "./read.ts";

const trace = "adb1befff85474e37316e64dc1994e95";
const stream = { level: "info", service_name: "gateway", span_id: "f674e50b244f09dd", trace_id: trace };

test("sorts the lines of several streams by nanoseconds", () => {
  const lines = readLines([
    {
      stream,
      values: [
        ["1795635260794000002", "c"],
        ["1795635260794000001", "b"],
      ],
    },
    { stream: { ...stream, service_name: "service-b" }, values: [["1795635260793999999", "a"]] },
  ]);
  assert.deepEqual(
    lines.map(({ raw }) => raw),
    ["a", "b", "c"],
  );
  assert.deepEqual([lines[0]?.service, lines[0]?.traceId, lines[0]?.level], ["service-b", trace, "info"]);
});

test("reads the message and fields of a JSON line", () => {
  const raw = JSON.stringify({
    method: "GET",
    path: "/a/hello",
    status: 200,
    duration_ms: 4.2345,
    msg: "request",
  });
  const [line] = readLines([{ stream, values: [["1", raw]] }]);
  assert.equal(line?.message, "request");
  assert.equal(line && detailOf(line), "GET /a/hello 200 4.23 ms");
  const failed = JSON.stringify({ msg: "x", err: { type: "TypeError", message: "no" } });
  const [other] = readLines([{ stream, values: [["1", failed]] }]);
  assert.equal(other && errorOf(other), "TypeError: no");
});

test("uses a line that is not a JSON object as the message", () => {
  for (const raw of ["hello", "{broken", "[1]", "null", ""]) {
    const [line] = readLines([{ stream: {}, values: [["1", raw]] }]);
    assert.equal(line?.message, raw);
    assert.equal(line?.traceId, undefined);
  }
});

test("identical lines have different keys", () => {
  const lines = readLines([
    {
      stream,
      values: [
        ["1", "x"],
        ["1", "x"],
      ],
    },
  ]);
  assert.equal(new Set(lines.map(({ key }) => key)).size, 2);
});

test("a filter survives the conversion to LogQL and back", () => {
  for (const filter of [
    NO_FILTER,
    { service: "gateway", levels: ["error"], text: "", trace: "" },
    { service: 'a"} or {b="', levels: ["error", "crit|ical"], text: 'say "hi" \\ \n |= `x`', trace },
    { service: "", levels: ["a.b"], text: "<script>", trace: '"' },
  ])
    assert.deepEqual(readLogql(writeLogql(filter)), filter, writeLogql(filter));
  assert.equal(writeLogql({ ...NO_FILTER, trace }), `{service_name=~".+"} | trace_id="${trace}"`);
});

test("a query that the form cannot express is not converted", () => {
  for (const query of [
    '{app="x"}',
    '{service_name="a"} | json',
    "",
    "{",
    '{service_name="a", level="x"} != "b"',
  ])
    assert.equal(readLogql(query), undefined, query);
});
