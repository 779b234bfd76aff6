import assert from "node:assert/strict";
import { test } from "node:test";
import type { Examination } from "./examination.ts";
import { allBroken, broken, fine, type Hop, lost, walk, within } from "./hop.ts";

const exam = {} as Examination;
const whole: Hop = { name: "whole", check: async () => fine("well") };
const torn: Hop = { name: "torn", check: async () => broken("it is torn", "mend it") };
const throws: Hop = { name: "throws", check: () => Promise.reject(new Error("connect ECONNREFUSED")) };
const never: Hop = { name: "never", check: () => assert.fail("looked at behind a broken hop") };

test("the first broken hop is named with its fix, and those behind it are not reached", async () => {
  const verdicts = await walk("traces", [whole, torn, never, never], exam);
  assert.deepEqual(
    verdicts.map(({ hop, state, text, fix }) => ({ hop, state, text, fix })),
    [
      { hop: "whole", state: "ok", text: "well", fix: null },
      { hop: "torn", state: "broken", text: "it is torn", fix: "mend it" },
      { hop: "never", state: "not reached", text: "", fix: null },
      { hop: "never", state: "not reached", text: "", fix: null },
    ],
  );
});

test("what was lost is named, and the hops behind it are checked", async () => {
  const leaky: Hop = { name: "leaky", check: async () => lost([{ cause: "3 gone", fix: "mend it" }]) };
  const verdicts = await walk("losses", [leaky, whole], exam);
  assert.deepEqual(
    verdicts.map(({ state, text }) => ({ state, text })),
    [
      { state: "lost", text: "3 gone" },
      { state: "ok", text: "well" },
    ],
  );
});

test("every problem of a hop is told", async () => {
  const problems = [
    { cause: "a is down", fix: "start it" },
    { cause: "b is down", fix: "start it" },
  ];
  const [verdict] = await walk("metrics", [{ name: "two", check: async () => allBroken(problems) }], exam);
  assert.deepEqual(verdict?.problems, problems);
  assert.equal(verdict?.text, "a is down; b is down");
  assert.equal(verdict?.fix, "start it");
});

test("a check that throws is a broken hop", async () => {
  const [verdict] = await walk("logs", [throws], exam);
  assert.equal(verdict?.state, "broken");
  assert.match(verdict?.text ?? "", /ECONNREFUSED/);
});

test("within waits for what comes late, and gives the last finding when it does not come", async () => {
  let looks = 0;
  const late = await within(2000, async () => (++looks < 3 ? broken("not yet", "") : fine(`look ${looks}`)));
  assert.deepEqual(late, fine("look 3"));
  assert.deepEqual(await within(150, async () => broken("never", "wait")), broken("never", "wait"));
});
