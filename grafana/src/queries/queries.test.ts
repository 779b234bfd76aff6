import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type DashboardJson,
  globalVariables,
  interpolate,
  panelQueries,
  panelStep,
  problemOf,
  readDashboards,
} from "../index.ts";

const minutes = (count: number) => ({ from: 1_800_000_000, to: 1_800_000_000 + count * 60 });

test("the step is the same as in Grafana, and at least one scrape interval", () => {
  assert.deepEqual(
    [5, 15, 60, 360, 1440].map((count) => panelStep(minutes(count))),
    [2, 2, 5, 20, 60],
  );
  assert.equal(panelStep(minutes(15), 90), 10);
});

test("$__rate_interval is at least four scrape intervals, and at least one more than the step", () => {
  assert.equal(globalVariables(minutes(15), 2).__rate_interval, "8s");
  assert.equal(globalVariables(minutes(60), 60).__rate_interval, "62s");
  assert.equal(globalVariables(minutes(15), 2).__range, "900s");
});

test("variables are replaced in the format of each data source", () => {
  const values = { service: ["gateway", "gateway-rest"], one: ["a.b"], all: ".+", search: "" };
  assert.equal(
    interpolate(`x{s=~"$service", t=~"\${one}", u=~"[[all]]", v=~"\${all:regex}"}`, values, "regex"),
    'x{s=~"(gateway|gateway-rest)", t=~"a\\\\.b", u=~".+", v=~".+"}',
  );
  assert.equal(interpolate('=~ "^($service)$"', values, "pipe"), '=~ "^(gateway|gateway-rest)$"');
  assert.equal(interpolate("|= `$search` $unknown", values, "regex"), "|= `` $unknown");
});

test("no query of any panel still contains a variable of Grafana after interpolation", () => {
  const values = {
    service: ["gateway"],
    gateway: ".+",
    level: ".+",
    search: "",
    slo: ".+",
    instance: ".+",
    slow: "100",
    latest: "60",
  };
  const queries = readDashboards().flatMap((dashboard) => panelQueries(dashboard, values, minutes(15)));
  assert.ok(queries.length > 100);
  assert.deepEqual(
    queries.filter(({ query }) => /\$(?!["`])/.test(query.replace('$"', ""))).map(({ query }) => query),
    [],
  );
});

const target = { refId: "A", datasource: { type: "tempo", uid: "tempo" } };
const dashboard = (panel: object): DashboardJson => ({
  uid: "x",
  title: "x?",
  description: "x",
  templating: {},
  annotations: {},
  panels: [{ id: 1, type: "table", title: "t", gridPos: { x: 0, y: 0, w: 1, h: 1 }, ...panel }],
});

test("a service map queries Prometheus, TraceQL queries Tempo", () => {
  const map = dashboard({ targets: [{ ...target, queryType: "serviceMap" }] });
  const [first] = panelQueries(map, {}, minutes(5));
  assert.equal(first?.language, "promql");
  assert.match(first?.query ?? "", /traces_service_graph_request_total\[300s\]/);
  const table = dashboard({ targets: [{ ...target, queryType: "traceql", query: "{}", limit: 7 }] });
  assert.deepEqual(
    panelQueries(table, {}, minutes(5)).map(({ language, limit }) => [language, limit]),
    [["traceql", 7]],
  );
});

test("a panel with `timeFrom` queries that range, ending where the dashboard's range ends", () => {
  const table = dashboard({ timeFrom: "30s", targets: [{ ...target, queryType: "traceql", query: "{}" }] });
  const [query] = panelQueries(table, {}, minutes(5));
  assert.deepEqual(query?.range, { from: minutes(5).to - 30, to: minutes(5).to });
  const computed = dashboard({ timeFrom: `\${latest}s`, targets: [{ ...target, query: "{}" }] });
  assert.equal(panelQueries(computed, { latest: "20" }, minutes(5))[0]?.range.from, minutes(5).to - 20);
  assert.throws(
    () => panelQueries(dashboard({ timeFrom: "soon", targets: [target] }), {}, minutes(5)),
    /soon is not/,
  );
});

test("no data is a problem unless the panel may be empty; an error always is", () => {
  const queryOf = (description: string) => {
    const [query] = panelQueries(
      dashboard({ description, targets: [{ ...target, query: "{}" }] }),
      {},
      minutes(5),
    );
    assert.ok(query);
    return query;
  };
  const marked = "So. Empty when the system is healthy; filled by slow-a.";
  const outcome = { selection: "all", count: 0, textRow: false };
  assert.match(problemOf({ query: queryOf("So."), ...outcome }) ?? "", /"t" A \(all\): no data/);
  assert.equal(problemOf({ query: queryOf("So."), ...outcome, count: 1 }), undefined);
  const drawn = { ...queryOf(marked), type: "timeseries" };
  assert.equal(problemOf({ query: drawn, ...outcome }), undefined, "a time series shows noValue");
  assert.equal(
    problemOf({ query: queryOf(marked), ...outcome }),
    undefined,
    "a stat has the text for a table of traces",
  );
  const metrics = { ...queryOf(marked), language: "promql" as const };
  assert.match(problemOf({ query: metrics, ...outcome }) ?? "", /empty, without a row with its text/);
  assert.equal(problemOf({ query: metrics, ...outcome, textRow: true }), undefined);
  assert.match(problemOf({ query: queryOf(marked), ...outcome, error: "400 no" }) ?? "", /400 no/);
});
