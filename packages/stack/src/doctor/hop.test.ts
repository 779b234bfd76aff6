import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allBroken,
  broken,
  checkHops,
  type Examination,
  fine,
  type Hop,
  lost,
  parseCounters,
  parseSamples,
  waitUntilOk,
} from "./hop.ts";

const exam = {} as Examination;
const working: Hop = { name: "working", check: async () => fine("well") };
const failing: Hop = { name: "failing", check: async () => broken("it fails", "repair it") };
const throws: Hop = { name: "throws", check: () => Promise.reject(new Error("connect ECONNREFUSED")) };
const never: Hop = { name: "never", check: () => assert.fail("checked behind a broken hop") };

test("the first broken hop is reported with its fix, and those behind it are not reached", async () => {
  const verdicts = await checkHops("traces", [working, failing, never, never], exam);
  assert.deepEqual(
    verdicts.map(({ hop, state, text, fix }) => ({ hop, state, text, fix })),
    [
      { hop: "working", state: "ok", text: "well", fix: null },
      { hop: "failing", state: "broken", text: "it fails", fix: "repair it" },
      { hop: "never", state: "not reached", text: "", fix: null },
      { hop: "never", state: "not reached", text: "", fix: null },
    ],
  );
});

test("losses are reported, and the hops behind them are checked", async () => {
  const leaky: Hop = { name: "leaky", check: async () => lost([{ cause: "3 gone", fix: "repair it" }]) };
  const verdicts = await checkHops("losses", [leaky, working], exam);
  assert.deepEqual(
    verdicts.map(({ state, text }) => ({ state, text })),
    [
      { state: "lost", text: "3 gone" },
      { state: "ok", text: "well" },
    ],
  );
});

test("every problem of a hop is reported", async () => {
  const problems = [
    { cause: "a is down", fix: "start it" },
    { cause: "b is down", fix: "start it" },
  ];
  const [verdict] = await checkHops(
    "metrics",
    [{ name: "two", check: async () => allBroken(problems) }],
    exam,
  );
  assert.deepEqual(verdict?.problems, problems);
  assert.equal(verdict?.text, "a is down; b is down");
  assert.equal(verdict?.fix, "start it");
});

test("a check that throws is a broken hop", async () => {
  const [verdict] = await checkHops("logs", [throws], exam);
  assert.equal(verdict?.state, "broken");
  assert.match(verdict?.text ?? "", /ECONNREFUSED/);
});

test("waitUntilOk waits for a late success, and returns the last finding if there is none", async () => {
  let looks = 0;
  const late = await waitUntilOk(2000, async () =>
    ++looks < 3 ? broken("not yet", "") : fine(`look ${looks}`),
  );
  assert.deepEqual(late, fine("look 3"));
  assert.deepEqual(await waitUntilOk(150, async () => broken("never", "wait")), broken("never", "wait"));
});

const PAGE = `# HELP requests_total Requests.
# TYPE requests counter
requests_total{code="200"} 3
requests_total{code="400",path="/a}b"} 2 # {trace_id="0af7"} 1 1700000000
queue_size{exporter="otlp_grpc/tempo"} 1.5e+3
queue_size{exporter="otlp_http/loki"} 7
# EOF`;

test("samples are summed over their labels, in either text format", () => {
  const counters = parseCounters(PAGE);
  assert.equal(counters.get("requests_total"), 5);
  assert.equal(counters.get("queue_size"), 1507);
  assert.equal(counters.get("nothing"), undefined);
});

test("labels can be chosen", () => {
  assert.equal(parseCounters(PAGE, (labels) => labels.includes("loki")).get("queue_size"), 7);
});

test("samples one by one, with their labels", () => {
  assert.deepEqual(parseSamples(PAGE).slice(1, 3), [
    { name: "requests_total", labels: { code: "400", path: "/a}b" }, value: 2 },
    { name: "queue_size", labels: { exporter: "otlp_grpc/tempo" }, value: 1500 },
  ]);
  assert.deepEqual(parseSamples('x{reason="a \\"b\\" \\\\ c"} 1')[0]?.labels, { reason: 'a "b" \\ c' });
});
