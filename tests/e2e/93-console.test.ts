import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { STACK_FAULTS } from "@lgtm-lab/faults/client";
import type { FaultEntry } from "../../apps/console/shared/api.ts";
import { lab, urls } from "./support/lab.ts";
import { call } from "./support/requests.ts";
import { eventually, within } from "./support/within.ts";

/** Reads the token and sends it with the origin, as the console's own page does. */
async function page() {
  const base = (await lab()).address("console");
  const { token } = (await (await fetch(`${base}/api/config`)).json()) as { token: string };
  const pageHeaders = { origin: base, "sec-fetch-site": "same-origin", "x-lab-token": token };
  return {
    base,
    read: async <T>(path: string) => {
      const response = await fetch(base + path);
      assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
      return (await response.json()) as T;
    },
    write: (method: string, path: string, init: RequestInit = {}) =>
      fetch(base + path, {
        ...init,
        method,
        headers: { ...pageHeaders, ...(init.headers as Record<string, string>) },
      }),
  };
}

/** Sends a request without normalizing it, as fetch would. Returns the status of the response. */
async function raw(base: string, head: string): Promise<number> {
  const { hostname, port, host } = new URL(base);
  const socket = connect(Number(port), hostname);
  socket.write(`${head.replaceAll("{host}", host)}\r\nConnection: close\r\n\r\n`);
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(await text(socket))?.[1]);
}

describe("the console", () => {
  for (const protocol of ["grpc", "rest"]) {
    it(`${protocol}: a request to A has its cost, and its trace and lines are found by its id`, async () => {
      const { read, write } = await page();
      const response = await write("POST", `/api/try/a/hello?backend=${protocol}&name=Console`);
      assert.equal(response.status, 200);
      assert.match(((await response.json()) as { message: string }).message, /^Olá, Console! \[A/);
      const timing = response.headers.get("server-timing") ?? "";
      const [, measured, sent, received] =
        /^total;dur=[\d.]+, upstream;dur=[\d.]+;desc="(\w+)", sent;desc="(\d+)", received;desc="(\d+)"$/.exec(
          timing,
        ) ?? [];
      assert.equal(measured, protocol, timing);
      assert.ok(Number(sent) > 30 && Number(received) > 30, timing);

      const id = response.headers.get("x-trace-id");
      await within(`${protocol}: the trace, through the console`, 2000, async () => {
        const { base } = await page();
        const found = await fetch(`${base}/api/tempo/traces/${id}`);
        return found.status === 200 && JSON.stringify(await found.json()).includes("service-a");
      });
      await within(`${protocol}: the lines, through the console`, 3000, async () => {
        const query = new URLSearchParams({ query: `{service_name=~".+"} | trace_id="${id}"` });
        const { data } = await read<{ data: { result: unknown[] } }>(`/api/loki/query_range?${query}`);
        return data.result.length >= 2;
      });
    });

    it(`${protocol}: a request to B returns each value as soon as it is produced, and its cost before the end`, async () => {
      const { write } = await page();
      const start = performance.now();
      const response = await write("POST", `/api/try/b/numbers?backend=${protocol}&count=3&delay_ms=400`);
      assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
      let body = "";
      let firstAt: number | undefined;
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        body += chunk;
        if (body.includes('"value":1}')) firstAt ??= performance.now() - start;
      }
      const lastAt = performance.now() - start;
      assert.ok(firstAt !== undefined && firstAt < 700 && lastAt >= 790, `${firstAt} and ${lastAt} ms`);
      assert.match(
        body,
        new RegExp(`event: timing\\ndata: {.*"protocol":"${protocol}".*}\\n\\nevent: end\\n`),
      );
    });
  }

  it("an invalid request gets the gateway's problem document", async () => {
    const { write } = await page();
    for (const [path, field] of [
      ["/api/try/a/hello?backend=grpc&name=%FF", "name"],
      ["/api/try/b/numbers?backend=rest&count=0x5", "count"],
      ["/api/try/b/numbers?backend=grpc&count=1&count=2", "count"],
    ]) {
      const response = await write("POST", path ?? "");
      assert.equal(response.status, 400);
      assert.match(response.headers.get("x-trace-id") ?? "", /^[0-9a-f]{32}$/);
      const { errors } = (await response.json()) as { errors: { field: string }[] };
      assert.equal(errors[0]?.field, field);
    }
  });

  it("a client that disconnects ends the stream in B", async () => {
    const { write, read } = await page();
    const cancelled = async () => {
      const query =
        'sum(rpc_server_call_duration_seconds_count{service_name="service-b",rpc_response_status_code="CANCELLED"}) or vector(0)';
      const { data } = await read<{ data: { result: { value: [number, string] }[] } }>(
        `/api/prometheus/query?${new URLSearchParams({ query })}`,
      );
      return Number(data.result[0]?.value[1]);
    };
    const before = await cancelled();
    const response = await write("POST", "/api/try/b/numbers?backend=grpc&count=100&delay_ms=500");
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await eventually("B has noticed", async () => (await cancelled()) > before);
  });

  it("every backend can be read through it and is reported as up", async () => {
    const { read } = await page();
    for (const path of [
      "/api/prometheus/query_range?query=up&start=0&end=1&step=1",
      "/api/prometheus/query_exemplars?query=up&start=0&end=1",
      "/api/prometheus/series?match[]=up",
      "/api/prometheus/labels",
      "/api/prometheus/label/service_name/values",
      "/api/prometheus/rules",
      "/api/prometheus/alerts",
      "/api/loki/query?query=sum(count_over_time(%7Bservice_name=~%22.%2B%22%7D%5B1m%5D))",
      "/api/loki/series",
      "/api/loki/labels",
      "/api/loki/label/service_name/values",
      "/api/tempo/search?q=%7B%7D&limit=1",
      "/api/tempo/search/tags",
      "/api/tempo/search/tag/service.name/values",
      "/api/alertmanager/alerts",
      "/api/alertmanager/silences",
      "/api/alertmanager/status",
      "/api/dashboards/lab-overview",
    ])
      await read(path);
    const query = `up{service_name!="${"x".repeat(16_000)}"}`;
    await read(`/api/prometheus/query?${new URLSearchParams({ query })}`);
    const backends = await read<{ name: string; up: boolean }[]>("/api/backends");
    const down = backends.filter(({ up }) => !up);
    assert.deepEqual(down, []);
  });

  it("a backend that is down is reported with its fix, until it is back", async () => {
    const stack = await lab();
    const { base, read } = await page();
    await stack.stopComponent("tempo");
    try {
      const response = await fetch(`${base}/api/tempo/search?q=%7B%7D`);
      assert.equal(response.status, 503);
      assert.match(
        ((await response.json()) as { detail: string }).detail,
        /^Tempo cannot be.*npx lab logs tempo/,
      );
      await eventually("it is in the list", async () => {
        const backends = await read<{ name: string; up: boolean }[]>("/api/backends");
        return backends.some(({ name, up }) => name === "tempo" && !up);
      });
    } finally {
      await stack.startComponent("tempo");
    }
    await within(
      "Tempo can be read again",
      5000,
      async () => (await fetch(`${base}/api/tempo/search?q=%7B%7D`)).ok,
    );
  });

  it("a fault is set, listed and ended through it", async () => {
    const { read, write } = await page();
    const { base } = await urls();
    const until = async (name: string) =>
      (await read<FaultEntry[]>("/api/faults")).find((fault) => fault.name === name)?.until ?? null;
    const unavailable = (await read<FaultEntry[]>("/api/faults")).filter(
      ({ unavailableReason }) => unavailableReason !== undefined,
    );
    const needs = STACK_FAULTS.filter((fault) => fault.needs).map(({ name }) => name);
    assert.deepEqual(unavailable.map(({ name }) => name).sort(), needs.sort());
    for (const { name, unavailableReason = "" } of unavailable)
      assert.match(unavailableReason, /it needs .*, which gateway/, name);
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ for_ms: 30_000 });
    for (const name of ["errors-a", "crash-b"]) {
      assert.equal((await write("PUT", `/api/faults/${name}`, { body, headers })).status, 200);
      assert.notEqual(await until(name), null);
      assert.deepEqual(await active(), [name]);
      const path = name === "errors-a" ? "/a/hello" : "/b/numbers";
      await eventually(
        "the fault affects a call",
        async () => (await call(base({ gateway: "gateway" }), path)).status >= 500,
      );
      assert.equal((await write("DELETE", `/api/faults/${name}`)).status, 200);
      assert.equal(await until(name), null);
      await eventually(
        "calls succeed again",
        async () => (await call(base({ gateway: "gateway" }), path)).status === 200,
      );
    }
    assert.deepEqual(await active(), []);
  });

  it("nothing else can be read through it", async () => {
    const { base } = await page();
    const INVALID_REQUESTS: [head: string, status: number][] = [
      ["GET /api/prometheus/../../-/quit HTTP/1.1\r\nHost: {host}", 404],
      ["GET /api/prometheus/..%2f..%2f-%2fquit HTTP/1.1\r\nHost: {host}", 404],
      ["GET /api/prometheus/%2e%2e/%2e%2e/-/reload HTTP/1.1\r\nHost: {host}", 404],
      ["GET /api/prometheus/query\\..\\x HTTP/1.1\r\nHost: {host}", 400],
      ["GET /api/prometheus/query%0d%0aHost:%20evil HTTP/1.1\r\nHost: {host}", 404],
      ["GET /api/prometheus/http://evil.example/ HTTP/1.1\r\nHost: {host}", 404],
      ["GET //evil.example/api/prometheus/query HTTP/1.1\r\nHost: {host}", 404],
      ["GET http://evil.example/api/prometheus/query?query=up HTTP/1.1\r\nHost: {host}", 421],
      ["GET /api/prometheus/query?query=up HTTP/1.1\r\nHost: evil.example", 421],
      ["GET /api/prometheus/query?query=up HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example", 403],
      ["GET /api/config HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: cross-site", 403],
      ["GET /api/prometheus/query?query=%FF HTTP/1.1\r\nHost: {host}", 400],
      [`GET /api/prometheus/query?query=${"x".repeat(40_000)} HTTP/1.1\r\nHost: {host}`, 414],
      [`GET /api/prometheus/query?query=${"x".repeat(70_000)} HTTP/1.1\r\nHost: {host}`, 431],
      ["POST /api/prometheus/query HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0", 405],
      ["DELETE /api/alertmanager/silences HTTP/1.1\r\nHost: {host}", 405],
      ["POST /api/try/a/hello?backend=grpc HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0", 403],
      ["DELETE /api/faults HTTP/1.1\r\nHost: {host}", 403],
      ["GET /..%2f..%2fpackage.json HTTP/1.1\r\nHost: {host}", 404],
      ["GET /assets/../../package.json HTTP/1.1\r\nHost: {host}", 404],
      ["GET /assets/..%2f..%2f..%2f.lab/run/fault-admin-token HTTP/1.1\r\nHost: {host}", 404],
      ["GET /api/dashboards/..%2f..%2fpackage HTTP/1.1\r\nHost: {host}", 404],
    ];
    for (const [head, status] of INVALID_REQUESTS)
      assert.equal(await raw(base, head), status, head.slice(0, 100));
  });

  it("serves the web application, which the start has built, with cached and compressed files", async () => {
    const { base } = await page();
    for (const path of ["/", "/d/lab-slo", "/traces/0123", "/incident"]) {
      const html = await (await fetch(base + path)).text();
      const script = /<script type="module"[^>]* src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1];
      assert.ok(script, `${path} has the application: ${html.slice(0, 200)}`);
      const response = await fetch(base + script, { headers: { "accept-encoding": "br" } });
      await response.body?.cancel();
      assert.equal(response.headers.get("content-encoding"), "br");
      assert.match(response.headers.get("cache-control") ?? "", /immutable/);
    }
  });
});

async function active(): Promise<string[]> {
  const all = await (await lab()).faults();
  return all.flatMap(({ fault, until }) => (until === undefined ? [] : [fault.name]));
}
