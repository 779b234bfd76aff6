import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { backends } from "../test/env.ts";
import {
  type Backends,
  type DashboardJson,
  type KnownNames,
  lastSeconds,
  lintQuery,
  panelQueries,
  panelsWithoutExemplars,
  problemOf,
  queryDashboard,
  type RunnableQuery,
  readDashboards,
  readKnownNames,
  variableQueries,
  variableSelections,
} from "./index.ts";

const RANGE_SECONDS = 300;
const without = "needs PROMETHEUS_URL, LOKI_URL and TEMPO_URL of a stack with demo traffic";

describe("on live data", { skip: backends ? false : without }, () => {
  const live = backends as Backends;
  const dashboards = readDashboards();
  const range = lastSeconds(RANGE_SECONDS);
  let names: KnownNames;
  before(async () => {
    names = await readKnownNames(live, range);
  });

  for (const dashboard of dashboards) {
    test(`${dashboard.uid}: every query of every panel, with every value of every variable, has data`, async () => {
      const outcomes = await queryDashboard(dashboard, live, range);
      assert.ok(outcomes.length > 5);
      assert.deepEqual(outcomes.map(problemOf).filter(Boolean), []);
    });

    test(`${dashboard.uid}: metrics, labels and attributes exist, and the arithmetic is right`, async () => {
      assert.deepEqual(await wrongIn(dashboard), []);
    });

    test(`${dashboard.uid}: panels that show exemplars have some`, async () => {
      assert.deepEqual(await panelsWithoutExemplars(dashboard, live, range), []);
    });
  }

  /** Returns the errors in the queries of a dashboard, with the initial values of its variables. */
  async function wrongIn(dashboard: DashboardJson): Promise<string[]> {
    const [all] = await variableSelections(dashboard, live, range);
    const found: string[] = [];
    const values = all?.values ?? {};
    for (const query of [
      ...panelQueries(dashboard, values, range),
      ...variableQueries(dashboard, values, range),
    ])
      for (const wrong of await lintQuery(query, names, live))
        found.push(`${dashboard.uid}, "${query.panel}" ${query.refId}: ${wrong}`);
    return found;
  }

  describe("the check reports", () => {
    const overview = dashboards.find(({ uid }) => uid === "lab-overview") as DashboardJson;
    const changed = (from: string, to: string) =>
      JSON.parse(JSON.stringify(overview).replaceAll(from, to)) as DashboardJson;

    test("a metric that does not exist", async () => {
      const misspelt = changed("slo:error_budget_remaining", "slo:budget");
      const problems = (await queryDashboard(misspelt, live, range)).map(problemOf).filter(Boolean);
      assert.match(problems.join("\n"), /"Budget left" A \(all\): no data/);
      assert.match((await wrongIn(misspelt)).join("\n"), /unknown metric slo:budget/);
    });

    test("a metric that does not exist, in a computed variable", async () => {
      const traces = dashboards.find(({ uid }) => uid === "lab-traces");
      const misspelt = JSON.stringify(traces).replaceAll("traces_spanmetrics_latency_count", "traces_gone");
      const wrong = await wrongIn(JSON.parse(misspelt) as DashboardJson);
      assert.match(wrong.join("\n"), /"variable slow" A: unknown metric traces_gone/);
    });

    test("a query that the backend rejects", async () => {
      const outcomes = await queryDashboard(changed("count(up == 0)", "count(up == )"), live, range);
      assert.match(outcomes.map(problemOf).join("\n"), /"Targets down" A \(all\): 400 .*parse error/);
    });

    test("a variable without values", async () => {
      const logs = dashboards.find(({ uid }) => uid === "lab-logs");
      const broken = JSON.parse(JSON.stringify(logs).replaceAll('"label":"level"', '"label":"severity"'));
      await assert.rejects(queryDashboard(broken, live, range), /variable level has no values/);
    });

    test("missing exemplars", async () => {
      const promised = changed("_duration_seconds_bucket", "_duration_seconds_count");
      const problems = await panelsWithoutExemplars(promised, live, range);
      assert.match(problems.join("\n"), /\b0 exemplars/);
    });
  });

  const WRONG: [RunnableQuery["language"], string, RegExp][] = [
    ["promql", 'rate(process_cpu_seconds_total{service="x"}[8s])', /no label service on process_cpu/],
    ["promql", "sum by (route) (rate(http_server_request_duration_seconds_count[8s]))", /no label route on/],
    ["promql", "up / on (job, host) up", /no label host on up/],
    ["promql", 'ALERTS{alert="x"}', /no label alert on ALERTS/],
    [
      "promql",
      "rate(process_resident_memory_bytes[8s])",
      /rate\(\) of process_resident_memory_bytes, which is a gauge/,
    ],
    [
      "promql",
      "histogram_quantile(0.9, sum by (service_name) (rate(http_server_request_duration_seconds_bucket[8s])))",
      /not sum by \(le/,
    ],
    [
      "promql",
      "histogram_quantile(0.9, sum by (le) (http_server_request_duration_seconds_bucket))",
      /rate\(\) is missing/,
    ],
    [
      "promql",
      "histogram_quantile(0.9, sum by (le) (rate(http_server_request_duration_seconds_count[8s])))",
      /which is not a bucket/,
    ],
    [
      "promql",
      "histogram_quantile(0.9, sum by (le, transport) (rate(k6_latency_seconds[8s])))",
      /sum by \(…\) of native histograms/,
    ],
    ["promql", "avg(rate(process_cpu_seconds_total[8s]) / process_start_time_seconds)", /avg\(\) of shares/],
    ["logql", '{service="x"} |= `y`', /unknown log label service/],
    ["logql", 'sum(rate({service_name="x", severity=~"error"}[10s]))', /unknown log label severity/],
    ["traceql", '{ resource.service = "x" }', /unknown attribute resource.service$/],
    [
      "traceql",
      "{ span.http.status_code >= 500 && duration > 1s }",
      /unknown attribute span.http.status_code/,
    ],
  ];
  for (const [language, query, says] of WRONG)
    test(`the error in ${query}`, async () => {
      const [first] = panelQueries(dashboards[0] as DashboardJson, {}, range);
      assert.match(
        (await lintQuery({ ...first, language, query } as RunnableQuery, names, live)).join("\n"),
        says,
      );
    });
});
