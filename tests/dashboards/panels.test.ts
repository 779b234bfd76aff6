import assert from "node:assert/strict";
import { glob } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import {
  lastSeconds,
  panelQueries,
  problemOf,
  queryDashboard,
  type RunnableQuery,
  readDashboards,
  searchTraces,
  variableSelections,
} from "@lgtm-lab/grafana";
import { REPOSITORY } from "@lgtm-lab/stack";
import { urls } from "../e2e/support/lab.ts";
import { call, GATEWAY_REQUESTS, type GatewayRequest } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { eventually } from "../e2e/support/within.ts";
import { output } from "../runner/commands.ts";

/** The mix of the demo traffic, which contains some invalid requests. */
const MIX: readonly GatewayRequest[] = [
  ...GATEWAY_REQUESTS,
  ...GATEWAY_REQUESTS,
  ...GATEWAY_REQUESTS.filter(({ route }) => route === "/b/numbers").map((request) => ({
    ...request,
    path: "/b/numbers?count=0",
  })),
];
const RANGE_SECONDS = 300;
const BOUND_MS = 120_000;

describe("dashboards, under the demo traffic", () => {
  let traffic: Traffic;
  let at: Awaited<ReturnType<typeof urls>>;

  before(async () => {
    at = await urls();
    traffic = new Traffic({ rate: 8, requests: MIX, base: at.base });
  });
  after(() => traffic.stop());

  it("every query of every panel, with every value of every variable, has data", async () => {
    let problems: unknown[] = ["nothing was checked"];
    const look = async () => {
      // Throws while a variable has no values yet, for example when the traffic has just started. The test retries.
      const runs = readDashboards().map((dashboard) =>
        queryDashboard(dashboard, at, lastSeconds(RANGE_SECONDS)),
      );
      const outcomes = await Promise.allSettled(runs);
      problems = outcomes
        .flatMap((each) => (each.status === "fulfilled" ? each.value.map(problemOf) : [each.reason]))
        .filter(Boolean);
      return problems.length === 0;
    };
    await eventually("no panel is empty", look, BOUND_MS).catch((error) => {
      assert.deepEqual(problems, []);
      throw error;
    });
  });

  /** Returns the query of a panel as its dashboard runs it now, with all services selected. */
  async function asked(uid: string, title: string): Promise<RunnableQuery> {
    const dashboard = readDashboards().find((one) => one.uid === uid);
    assert.ok(dashboard);
    const [all] = await variableSelections(dashboard, at, lastSeconds(RANGE_SECONDS));
    const found = panelQueries(dashboard, all?.values ?? {}, lastSeconds(RANGE_SECONDS));
    const query = found.find(({ panel }) => panel === title);
    assert.ok(query, `${uid} has no panel ${title}`);
    return query;
  }
  const idsIn = async (query: RunnableQuery) => (await searchTraces(query, at)).map(({ id }) => id);

  for (const [uid, title, path] of [
    ["lab-traces", "Latest traces", "/a/hello?name=latest"],
    ["lab-streaming", "Latest streams", "/b/numbers?count=1"],
  ] as const)
    it(`"${title}" always has the newest request that a search can find`, async () => {
      const { traceId } = await call(at.base({ gateway: "gateway" }), path);
      // The query of the panel, without its bounds. A search for any span would find the trace by a span of service-b,
      // which can be stored before the span of the gateway that the panel needs.
      const unbounded = { ...(await asked(uid, title)), limit: 5000 };
      await eventually(
        "the request can be found by a search",
        async () => (await idsIn({ ...unbounded, range: lastSeconds(20) })).includes(traceId),
        20_000,
      );
      for (let time = 1; time <= 5; time += 1)
        assert.ok((await idsIn(await asked(uid, title))).includes(traceId), `it is missing in check ${time}`);
    });

  it('"Slow traces" has the slowest requests, for any number of slow requests', async () => {
    const slow = (ms: number) => call(at.base({ gateway: "gateway" }), `/b/numbers?count=2&delay_ms=${ms}`);
    // More slow requests than the table shows, and then some that are even slower.
    for (let batch = 0; batch < 10; batch += 1)
      await Promise.all(Array.from({ length: 60 }, () => slow(150)));
    const slowest = (await Promise.all([slow(2500), slow(2500), slow(2500)])).map(({ traceId }) => traceId);
    let missing: readonly string[] = slowest;
    const look = async () => {
      const query = await asked("lab-traces", "Slow traces");
      const found = await searchTraces(query, at);
      missing = slowest.filter((id) => !found.some((one) => one.id === id));
      return found.length < query.limit && missing.length === 0;
    };
    await eventually("the slowest are in the table", look, 30_000).catch((error) => {
      assert.deepEqual(missing, []);
      throw error;
    });
  });

  it("names exist, the arithmetic is right, and every provisioned link has a target", async () => {
    const files = await Array.fromAsync(glob("grafana/src/*live.test.ts", { cwd: REPOSITORY }));
    assert.ok(files.length > 1);
    const env = { PROMETHEUS_URL: at.prometheus, LOKI_URL: at.loki, TEMPO_URL: at.tempo };
    // In a separate process, because these files can also run alone, against any stack.
    const args = ["--test", "--test-reporter=spec", ...files];
    const report = await output(process.execPath, args, { cwd: REPOSITORY, env, extendEnv: false });
    assert.match(report, /^ℹ skipped 0$/m, "they were skipped");
  });
});
