import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { alertOf, payloadOf, testConsole } from "../../test/console.ts";

const PAGES = [
  "/",
  "/plain",
  "/docs/runbooks",
  "/docs/runbooks/TargetDown",
  "/d/lab-slo",
  "/prometheus/graph?g0.expr=up",
];

const APIS = [
  "/api/config",
  "/api/backends",
  "/api/dashboards",
  "/api/faults",
  "/api/gateways",
  "/api/prometheus/query?query=up",
];

describe("every page", () => {
  for (const path of PAGES)
    it(`${path} loads nothing from other servers and contains no script`, async (test) => {
      const response = await testConsole(test).get(path);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
      assert.equal(
        response.headers.get("content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
      const text = await response.text();
      assert.doesNotMatch(text, /<script|<style|\sstyle=|\son\w+=/);
      assert.doesNotMatch(text, /(src|<link[^>]*href)="https?:/);
    });

  it("is rejected for any other host, and for requests of another origin", async (test) => {
    const { app, get } = testConsole(test);
    for (const path of [
      ...PAGES,
      ...APIS,
      "/api/alerts",
      "/healthz",
      "/readyz",
      "/metrics",
      "/style.css",
      "/none",
    ]) {
      for (const host of [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1",
        "127.0.0.1:8001",
        "127.0.0.1:8000.evil",
      ])
        assert.equal((await get(path, { host })).status, 421, `${host}${path}`);
      assert.equal((await get(path, { origin: "http://evil.example" })).status, 403, path);
    }
    const named = await app.request("http://evil.example/healthz", { headers: { host: "127.0.0.1:8000" } });
    assert.equal(named.status, 421, "the host in the request target is checked too");
    for (const host of ["127.0.0.1:8000", "LOCALHOST:8000", "[::1]:8000"])
      assert.equal((await get("/healthz", { host })).status, 200, host);
  });

  it("allows only GET; an unknown path is a problem document", async (test) => {
    const { get, request } = testConsole(test);
    for (const path of PAGES) assert.equal((await request(path, "POST")).status, 405, path);
    const alerts = await request("/api/alerts", "DELETE");
    assert.deepEqual([alerts.status, alerts.headers.get("allow")], [405, "GET, HEAD, POST"]);
    const none = await get("/none");
    assert.deepEqual([none.status, none.headers.get("content-type")], [404, "application/problem+json"]);
  });
});

describe("runbooks", () => {
  it("are shown as Markdown text, escaped", async (test) => {
    const { get } = testConsole(test);
    const text = await (await get("/docs/runbooks/TargetDown")).text();
    const written = readFileSync(join(REPOSITORY, "docs/runbooks/TargetDown.md"), "utf8");
    assert.ok(written.includes("-w '%{http_code}"));
    assert.ok(text.includes("-w &#39;%{http_code}"));
    assert.equal((await get("/docs/runbooks/TargetDown.md")).status, 200, "as in the links between runbooks");
  });

  for (const name of [
    "..%2f..%2fpackage.json",
    "..%2f..%2fREADME",
    "%2e%2e%2f%2e%2e%2fdocs%2fservices",
    "..%5c..%5cpackage",
    "../../docs/services",
    "....//services",
    "TargetDown%00",
    "%2fetc%2fpasswd",
    "targetdown",
    ".md",
    "constructor",
  ])
    it(`${name} is unknown`, async (test) => {
      assert.equal((await testConsole(test).get(`/docs/runbooks/${name}`)).status, 404);
    });
});

describe("the text of an alert", () => {
  it("is escaped on the first page; only http(s) addresses become links", async (test) => {
    const { get, post } = testConsole(test);
    await post(
      payloadOf([
        alertOf({
          labels: { alertname: "<b>x</b>", service_name: '"><script>alert(1)</script>' },
          annotations: {
            summary: "<img src=x>",
            runbook_url: "javascript:alert(1)",
            dashboard_url: "data:text/html,x",
          },
        }),
      ]),
    );
    const text = await (await get("/")).text();
    assert.ok(text.includes("&lt;b&gt;x&lt;/b&gt;"));
    assert.doesNotMatch(text, /<script|<img|<b>|javascript:|data:text/);
    assert.doesNotMatch(text, />dashboard<|\bdashboard </, "a link that is not shown has no text");
    assert.ok(
      text.includes('<a href="http://127.0.0.1:8000/prometheus/graph?g0.expr=up+%3D%3D+0&amp;g0.tab=1">'),
    );
  });

  it("links to a page that shows its expression, escaped", async (test) => {
    const { get } = testConsole(test);
    const text = await (
      await get(`/prometheus/graph?g0.expr=${encodeURIComponent('x{a="<b>"} > 0')}`)
    ).text();
    assert.ok(text.includes("x{a=&quot;&lt;b&gt;&quot;} &gt; 0"));
    assert.ok(text.includes("/api/v1/query?query=x%7Ba%3D%22%3Cb%3E%22%7D+%3E+0"));
    assert.equal((await get("/prometheus/graph")).status, 400);
  });

  it("links to the values at an address that a browser can reach", async (test) => {
    const { get } = testConsole(test, {
      PROMETHEUS_URL: "http://prometheus:9090",
      PROMETHEUS_PUBLIC_URL: "http://127.0.0.1:19090",
    });
    const text = await (await get("/prometheus/graph?g0.expr=up")).text();
    assert.ok(text.includes("http://127.0.0.1:19090/api/v1/query?query=up"), text);
    assert.ok(!text.includes("http://prometheus:9090"));
  });
});
