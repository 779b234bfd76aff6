import assert from "node:assert/strict";
import { test } from "vitest";
import { readPanel } from "../model/panel.ts";
import { readVariable } from "../model/variable.ts";
import { arranged, unrepeated } from "./arrange.ts";

const panel = (x: number, y: number, w: number, h: number, more = {}) =>
  readPanel({ type: "stat", title: `${x},${y}`, gridPos: { x, y, w, h }, ...more }, `${x},${y}`);
const places = (panels: ReturnType<typeof arranged>) => panels.map(({ x, y, w, h }) => [x, y, w, h]);
const state = (chosen: readonly string[]) => ({
  variable: readVariable({ name: "service", type: "query", multi: true, includeAll: true }),
  chosen,
  options: ["a", "b", "c"].map((value) => ({ value, text: value })),
  isLoading: false,
  error: undefined,
});

test("small panels are stacked beside a large one, and gaps are closed", () => {
  const found = arranged(
    [panel(0, 100, 12, 10), panel(12, 100, 12, 5), panel(12, 105, 12, 5), panel(0, 999_999, 24, 4)],
    [],
  );
  assert.deepEqual(places(found), [
    [0, 0, 12, 10],
    [12, 0, 12, 5],
    [12, 5, 12, 5],
    [0, 10, 24, 4],
  ]);
});

test("overlapping panels are separated", () => {
  assert.deepEqual(places(arranged([panel(0, 0, 12, 4), panel(6, 0, 12, 4)], [])), [
    [0, 0, 12, 4],
    [6, 4, 12, 4],
  ]);
});

test("a panel is repeated for each value, side by side, and later panels move down", () => {
  const repeat = panel(0, 0, 6, 4, { repeat: "service", maxPerRow: 2 });
  const found = arranged([repeat, panel(0, 4, 24, 3)], [state(["$__all"])]);
  assert.deepEqual(
    found.map(({ repeated }) => repeated?.value),
    ["a", "b", "c", undefined],
  );
  assert.deepEqual(places(found), [
    [0, 0, 12, 4],
    [12, 0, 12, 4],
    [0, 4, 12, 4],
    [0, 8, 24, 3],
  ]);
  assert.deepEqual(places(arranged([repeat], [state(["b"])])), [[0, 0, 24, 4]]);
  assert.deepEqual(places(arranged([repeat], [])), [[0, 0, 6, 4]]);
});

test("a panel with too many repetitions has a notice with the number of values that it shows", () => {
  const repeat = panel(0, 0, 6, 4, { repeat: "service" });
  const values = Array.from({ length: 25 }, (_, index) => `s${index}`);
  assert.equal(arranged([repeat], [state(values)]).length, 24);
  assert.deepEqual(unrepeated([repeat], [state(values)]), [
    '"0,0" is shown for the first 24 of 25 values of service.',
  ]);
  assert.deepEqual(unrepeated([repeat, panel(0, 4, 6, 4)], [state(values.slice(1))]), []);
});
