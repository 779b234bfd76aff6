import assert from "node:assert/strict";
import { generatePath } from "react-router";
import { test } from "vitest";
import { router } from "./routes.tsx";
import { expressionHref, isView, safeHref } from "./safe-link.tsx";

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

test("a link to any view of the router needs no page load", () => {
  const paths = router.routes.flatMap(({ children = [] }) =>
    children.flatMap(({ path }) => (path && path !== "*" ? [path] : [])),
  );
  assert.ok(paths.length > 5);
  for (const path of paths) {
    const href = generatePath<string>(path, { uid: "lab-slo", slug: "objectives", id: "1a" });
    assert.ok(isView(href), href);
    assert.ok(isView(`${href}?from=now-5m#top`), href);
  }
  assert.ok(isView("/d/lab-slo"), "an optional segment may be missing");
});

test("a link to another page is not a link to a view", () => {
  for (const href of [
    "/docs/runbooks/TargetDown",
    expressionHref("up"),
    "/logs-of-yesterday",
    "/d/",
    "//example.org/logs",
    "https://example.org/logs",
  ])
    assert.ok(!isView(href), href);
});
