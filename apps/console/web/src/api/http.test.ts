import assert from "node:assert/strict";
import { test } from "vitest";
import { parseErrorResponse } from "./http.ts";

test("uses the detail of a problem document as the message", () => {
  const text = JSON.stringify({ title: "Bad Gateway", detail: "Tempo does not answer.", status: 502 });
  assert.equal(parseErrorResponse(502, "application/problem+json", text).message, "Tempo does not answer.");
  assert.equal(parseErrorResponse(502, "application/problem+json", text).problem?.title, "Bad Gateway");
});

test("uses the message of a Prometheus error", () => {
  const text = JSON.stringify({ status: "error", errorType: "bad_data", error: "parse error: unexpected )" });
  assert.equal(parseErrorResponse(400, "application/json", text).message, "parse error: unexpected )");
});

test("uses plain text as the message, but not HTML", () => {
  assert.equal(parseErrorResponse(502, "text/html", "<h1>no</h1>").message, "The server responded with 502.");
  assert.equal(parseErrorResponse(400, "text/plain; charset=utf-8", "parse error\n").message, "parse error");
  assert.equal(parseErrorResponse(500, "application/json", "").message, "The server responded with 500.");
});
