import assert from "node:assert/strict";
import { test } from "vitest";
import { consoleUrl, isView } from "./url.ts";

const ORIGIN = "http://127.0.0.1:8000";
const url = (href: string) => consoleUrl(href, ORIGIN);

test("links made for Grafana lead to the console's views", () => {
  assert.equal(url("/d/lab-slo?var-slo=x&from=now-1h&to=now"), "/d/lab-slo?var-slo=x&from=now-1h&to=now");
  assert.equal(url("/d/lab-slo/slo-are-the-promises-kept?orgId=1"), "/d/lab-slo?orgId=1");
  assert.equal(url("http://127.0.0.1:3000/d/lab-slo"), "/d/lab-slo");
  assert.equal(url("http://localhost:8000/docs/runbooks/TargetDown"), "/docs/runbooks/TargetDown");
});

test("links to Grafana's Explore lead to the view with the same content", () => {
  const panes = (pane: unknown) => `/explore?panes=${encodeURIComponent(JSON.stringify({ a: pane }))}`;
  assert.equal(
    url(panes({ datasource: "tempo", queries: [{ query: "4bf92f3577b34da6a3ce929d0e0e4736" }] })),
    "/traces/4bf92f3577b34da6a3ce929d0e0e4736",
  );
  assert.equal(
    url(panes({ datasource: "loki", queries: [{ expr: '{a="b"}' }], range: { from: "now-1h", to: "now" } })),
    "/logs?query=%7Ba%3D%22b%22%7D&from=now-1h&to=now",
  );
  assert.equal(url(panes("nothing")), url(panes("nothing")));
  assert.match(url("/explore?left=%7Bbroken") ?? "", /^\/explore/);
});

test("links to other servers are not changed, and unsafe links are removed", () => {
  assert.equal(url("https://example.com/a"), "https://example.com/a");
  for (const bad of [
    "javascript:alert(1)",
    " JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "http://[",
  ])
    assert.equal(url(bad), undefined, bad);
});

test("the paths that the router handles", () => {
  for (const view of ["/", "/d/x?y=1", "/traces", "/traces/abc", "/logs?query=x", "/alerts", "/faults"])
    assert.ok(isView(view), view);
  for (const other of ["/docs/runbooks/x", "/api/config", "https://example.com/", "/logsomething"])
    assert.ok(!isView(other), other);
});
