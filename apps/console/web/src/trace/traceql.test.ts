import assert from "node:assert/strict";
import { test } from "vitest";
import { NO_TRACE_FILTER, readTraceql, writeTraceql } from "./traceql.ts";

test("a filter survives the conversion to TraceQL and back", () => {
  for (const filter of [
    NO_TRACE_FILTER,
    { service: "gateway", status: "error", longerThan: "100ms", route: "/b/numbers" },
    { service: 'a" } || { "', status: "any", longerThan: "1.5s", route: "\\" },
  ] as const)
    assert.deepEqual(readTraceql(writeTraceql(filter)), filter, writeTraceql(filter));
  assert.equal(writeTraceql(NO_TRACE_FILTER), "{ }");
});

test("a query that the form cannot express is not converted", () => {
  for (const query of [
    "",
    "{",
    "{ a = 1 }",
    '{ name =~ "x" }',
    "{ duration > 1ms } | count() > 2",
    "{ duration > -1 }",
    '{ resource.service.name = "\\x" }',
  ])
    assert.equal(readTraceql(query), undefined, query);
});
