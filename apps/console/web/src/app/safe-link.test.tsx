import assert from "node:assert/strict";
import { test } from "vitest";
import { safeHref } from "./safe-link.tsx";

const OWN = "http://127.0.0.1:8000";

test("accepts http(s) links and paths of the console", () => {
  assert.equal(safeHref("https://example.org/a?b#c", OWN), "https://example.org/a?b#c");
  assert.equal(safeHref("/docs/runbooks/TargetDown", OWN), "/docs/runbooks/TargetDown");
  assert.equal(safeHref(`${OWN}/d/lab-slo?var-slo=x`, OWN), "/d/lab-slo?var-slo=x");
  assert.equal(
    safeHref("//example.org/x", OWN),
    "http://example.org/x",
    "an address of another server is kept",
  );
});

test("rejects other links", () => {
  for (const text of [
    undefined,
    "",
    "javascript:alert(1)",
    " JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "docs/x",
    "x",
    "http://",
    "http://user:word@example.org",
    "http://own.invalid/x",
  ])
    assert.equal(safeHref(text, OWN), undefined, text);
});
