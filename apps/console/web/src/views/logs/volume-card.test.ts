import assert from "node:assert/strict";
import { test } from "vitest";
import { readLines } from "../../lines/read.ts";
import { appended } from "./use-tail.ts";
import { barsOf } from "./volume-card.tsx";

test("every step has a bar with a part for each level", () => {
  const volumes = [
    { level: "info", counts: new Map([[120, 5]]) },
    {
      level: "error",
      counts: new Map([
        [120, 1],
        [180, 2],
      ]),
    },
    { level: "fatal", counts: new Map([[180, 1]]) },
    { level: "odd", counts: new Map([[180, 4]]) },
  ];
  assert.deepEqual(barsOf(volumes, { from: 60_000, to: 240_000, step: 60 }), [
    {
      from: 60,
      to: 120,
      total: 6,
      parts: [
        { level: "error", count: 1 },
        { level: "info", count: 5 },
      ],
    },
    {
      from: 120,
      to: 180,
      total: 7,
      parts: [
        { level: "critical", count: 1 },
        { level: "error", count: 2 },
        { level: "other", count: 4 },
      ],
    },
    { from: 180, to: 240, total: 0, parts: [] },
  ]);
});

const lines = (...texts: readonly (readonly [time: string, text: string])[]) =>
  readLines([{ stream: {}, values: texts }]);

test("a live list contains each line once, in order, without the oldest lines", () => {
  const before = lines(["10", "a"], ["11", "bb"]);
  const after = appended(before, lines(["11", "bb"], ["9", "late"], ["12", "ccc"]), 3);
  assert.deepEqual(
    after.map(({ raw }) => raw),
    ["a", "bb", "ccc"],
  );
  assert.equal(appended(before, lines(["11", "bb"]), 3), before);
});
