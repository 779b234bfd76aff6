import assert from "node:assert/strict";
import { test } from "node:test";
import { allBroken, broken, checkHops, type Examination, fine, type Hop, lost, waitUntilOk } from "./hop.ts";

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
