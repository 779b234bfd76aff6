import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allBroken,
  broken,
  checkHops,
  type DoctorContext,
  fine,
  type Hop,
  lost,
  waitUntilOk,
} from "./hop.ts";

const context = {} as DoctorContext;
const working: Hop = { name: "working", check: async () => fine("well") };
const failing: Hop = { name: "failing", check: async () => broken("it fails", "repair it") };
const throws: Hop = { name: "throws", check: () => Promise.reject(new Error("connect ECONNREFUSED")) };
const never: Hop = { name: "never", check: () => assert.fail("checked behind a broken hop") };

test("the first broken hop is reported with its fix, and those behind it are not reached", async () => {
  const results = await checkHops("traces", [working, failing, never, never], context);
  assert.deepEqual(
    results.map(({ hop, state, text, fix }) => ({ hop, state, text, fix })),
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
  const results = await checkHops("losses", [leaky, working], context);
  assert.deepEqual(
    results.map(({ state, text }) => ({ state, text })),
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
  const [result] = await checkHops(
    "metrics",
    [{ name: "two", check: async () => allBroken(problems) }],
    context,
  );
  assert.deepEqual(result?.problems, problems);
  assert.equal(result?.text, "a is down; b is down");
  assert.equal(result?.fix, "start it");
});

test("a check that throws is a broken hop", async () => {
  const [result] = await checkHops("logs", [throws], context);
  assert.equal(result?.state, "broken");
  assert.match(result?.text ?? "", /ECONNREFUSED/);
});

test("waitUntilOk waits for a late success, and returns the last result if there is none", async () => {
  let looks = 0;
  const late = await waitUntilOk(2000, async () =>
    ++looks < 3 ? broken("not yet", "") : fine(`look ${looks}`),
  );
  assert.deepEqual(late, fine("look 3"));
  assert.deepEqual(await waitUntilOk(150, async () => broken("never", "wait")), broken("never", "wait"));
});
