import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import type { DashboardJson } from "../index.ts";
import {
  column,
  countValues,
  dsQuery,
  exemplarIds,
  type Frame,
  grafanaClient,
  queryDashboardByApi,
} from "./index.ts";

// The responses have the form of Grafana's documentation and source (12.x). This tests the client, not Grafana:
// `npm run test:grafana` tests a real one.

const RANGE = { from: 1_800_000_000, to: 1_800_000_300 };
const PROMETHEUS = { type: "prometheus", uid: "prometheus" };

const series = (...values: (number | null)[]): Frame => ({
  schema: {
    fields: [
      { name: "Time", type: "time" },
      { name: "Value", type: "number" },
    ],
  },
  data: { values: [values.map((_, index) => 1_800_000_000_000 + index), values] },
});

const points = (...ids: string[]): Frame => ({
  schema: {
    name: "exemplar",
    meta: { custom: { resultType: "exemplar" } },
    fields: [
      { name: "Time", type: "time" },
      { name: "Value", type: "number" },
      { name: "trace_id", type: "string" },
    ],
  },
  data: { values: [ids.map(() => 1_800_000_000_000), ids.map(() => 0.01), ids] },
});

const lines: Frame = {
  schema: {
    fields: [
      { name: "labels", type: "other" },
      { name: "Time", type: "time" },
      { name: "Line", type: "string" },
      { name: "tsNs", type: "string" },
    ],
  },
  data: { values: [[{ level: "info" }], [1], ["a line"], ["1"]] },
};

test("values are counted as a panel draws them: no NaN, no exemplars, no timestamps", () => {
  assert.equal(countValues([series(1, null, 3), points("a", "b")]), 2);
  assert.equal(countValues([lines]), 1);
  assert.equal(countValues([{ schema: { fields: [] }, data: { values: [] } }]), 0);
  assert.deepEqual(exemplarIds([series(1), points("a", "b")]), ["a", "b"]);
  assert.deepEqual(column(lines, "Line"), ["a line"]);
  assert.deepEqual(column(lines, "gone"), []);
});

interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: { from?: string; queries?: { refId: string; expr: string }[] };
}

/** Starts a server with given responses, which records its requests. */
async function server(t: TestContext, responses: (asked: Asked) => [number, unknown]) {
  const seen: Asked[] = [];
  const http = createServer(async (request, response) => {
    const body = request.method === "POST" ? ((await json(request)) as Asked["body"]) : {};
    const asked = { path: request.url ?? "", authorization: request.headers.authorization, body };
    seen.push(asked);
    const [status, reply] = responses(asked);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(reply));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  t.after(() => http.close());
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, seen };
}

test("ds/query sends milliseconds as text, and returns the frames or the error of each query", async (t) => {
  const { url, seen } = await server(t, () => [
    400,
    { results: { A: { status: 200, frames: [series(1)] }, B: { status: 400, error: "parse error" } } },
  ]);
  const client = grafanaClient(url, { user: "admin", password: "p" });
  const queries = ["A", "B", "C"].map((refId) => ({ refId, datasource: PROMETHEUS, expr: "up" }));
  const results = await dsQuery(client, queries, RANGE);
  assert.equal(countValues(results.get("A")?.frames ?? []), 1);
  assert.equal(results.get("B")?.error, "parse error");
  assert.match(results.get("C")?.error ?? "", /returned no result/);
  assert.equal(seen[0]?.body.from, "1800000000000");
  assert.equal(seen[0]?.authorization, `Basic ${Buffer.from("admin:p").toString("base64")}`);
});

test("a response without results is an error with the received text", async (t) => {
  const { url } = await server(t, () => [403, { message: "no" }]);
  const query = { refId: "A", datasource: PROMETHEUS, expr: "up" };
  await assert.rejects(dsQuery(grafanaClient(url), [query], RANGE), /responded with 403: .*no/);
});

const panel = (title: string, type: string, target: object) => ({
  id: 1,
  type: "timeseries",
  title,
  gridPos: { x: 0, y: 0, w: 1, h: 1 },
  datasource: { type, uid: type },
  targets: [{ refId: "A", datasource: { type, uid: type }, ...target }],
});

const dashboard: DashboardJson = {
  uid: "x",
  title: "x?",
  description: "x",
  templating: {
    list: [
      {
        name: "service",
        type: "query",
        datasource: PROMETHEUS,
        query: { query: "label_values(up, service_name)" },
        includeAll: true,
        allValue: ".+",
      },
    ],
  },
  annotations: { list: [{ name: "Faults", datasource: PROMETHEUS, expr: "lab_fault_active" }] },
  panels: [
    panel("rate", "prometheus", {
      expr: 'rate(x{service_name=~"$service"}[$__rate_interval])',
      exemplar: true,
    }),
    panel("lines", "loki", { expr: '{service_name=~"$service"}', queryType: "range" }),
    panel("traces", "tempo", { queryType: "traceql", query: '{ resource.service.name =~ "^($service)$" }' }),
    panel("map", "tempo", { queryType: "serviceMap", query: "" }),
  ],
};

/** Returns a Grafana in which everything works, except what `but` overrides. */
const well = (but: (asked: Asked) => unknown) => (asked: Asked) => {
  const path = decodeURIComponent(asked.path.replaceAll("+", " "));
  const special = but({ ...asked, path });
  if (special) return [200, special] as [number, unknown];
  if (path.includes("/uid/prometheus/api/v1/label/service_name/values")) return [200, { data: ["b"] }];
  if (path.includes("/uid/tempo/api/search")) return [200, { traces: [{ traceID: "1" }] }];
  const frames = [series(1), points("1")];
  return [
    200,
    { results: Object.fromEntries((asked.body.queries ?? []).map(({ refId }) => [refId, { frames }])) },
  ];
};

test("every panel is queried with every choice, and the query keeps Grafana's built-in variables", async (t) => {
  const { url, seen } = await server(t, well(() => undefined) as never);
  assert.deepEqual(await queryDashboardByApi(grafanaClient(url), dashboard, RANGE), []);
  const expressions = seen.flatMap(({ body }) => (body.queries ?? []).map(({ expr }) => expr));
  assert.ok(expressions.includes('rate(x{service_name=~".+"}[$__rate_interval])'));
  assert.ok(expressions.includes('rate(x{service_name=~"b"}[$__rate_interval])'));
  assert.ok(expressions.includes("lab_fault_active"));
  assert.ok(expressions.some((expr) => expr.includes("traces_service_graph_request_total[300s]")));
  const searches = seen.filter(({ path }) => path.startsWith("/api/datasources/proxy/uid/tempo/api/search?"));
  assert.equal(searches.length, 2);
});

test("the check reports failures, empty panels and missing exemplars", async (t) => {
  const empty = (asked: Asked) => {
    if (asked.path.includes("/uid/tempo/api/search")) return { traces: [] };
    const results = (asked.body.queries ?? []).map(({ refId, expr }) => {
      if (expr === "lab_fault_active") return [refId, { status: 500, error: "down" }];
      return [refId, { frames: expr.startsWith("rate") ? [series(1)] : [series(null)] }];
    });
    return results.length > 0 && { results: Object.fromEntries(results) };
  };
  const { url } = await server(t, well(empty) as never);
  const problems = await queryDashboardByApi(grafanaClient(url), dashboard, RANGE);
  assert.deepEqual(problems.filter((text) => !text.includes("(service=b)")).sort(), [
    'x, "lines" (all): A: no data',
    'x, "map" (all): map0: no data',
    'x, "map" (all): map1: no data',
    'x, "rate" (all): A: no points that lead to traces',
    'x, "traces" (all): A: no traces',
    "x, annotations: Anno0: down",
  ]);
});
