import assert from "node:assert/strict";
import { test } from "node:test";
import { readLogLines } from "./log-lines.ts";

test("lines of all services in one order, with what is worth reading", () => {
  const lines = readLogLines({
    data: {
      result: [
        {
          stream: { service_name: "gateway", level: "info" },
          values: [["1764000000000000003", '{"msg":"request","status":200,"x":1}']],
        },
        {
          stream: { service_name: "service-b", level: "warning" },
          values: [["1764000000000000001", '{"msg":"this call meets","fault":"slow-b"}']],
        },
        { stream: { service_name: "service-b" }, values: [["1764000000000000002", "plain <b>text</b>"]] },
      ],
    },
  });
  assert.deepEqual(
    lines.map(({ service, level, message, fields, fault }) => [service, level, message, fields, fault]),
    [
      ["service-b", "warning", "this call meets", [["fault", "slow-b"]], "slow-b"],
      ["service-b", "", "plain <b>text</b>", [], undefined],
      ["gateway", "info", "request", [["status", "200"]], undefined],
    ],
  );
  assert.deepEqual(readLogLines({}), []);
});
