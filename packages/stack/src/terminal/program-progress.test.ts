import assert from "node:assert/strict";
import { test } from "node:test";
import { building, ready } from "../../test/events.ts";
import { createProgramProgress } from "./program-progress.ts";

test("without a missing program there is no text", () => {
  const programs = createProgramProgress();
  programs.handle({ type: "progress", component: "console", text: "compressing" });
  programs.handle(ready("loki"));
  assert.equal(programs.text(), undefined);
  assert.deepEqual(programs.missing(), []);
});

test("the text has the number of ready programs, the state of the others, and an estimate from the table", () => {
  let seconds = 0;
  const programs = createProgramProgress(() => seconds * 1000);
  for (const name of ["loki", "prometheus", "node_exporter"]) programs.handle(building(name, 0));
  assert.equal(
    programs.text(),
    "Programs: 0 of 3 ready; loki waiting, prometheus waiting, node_exporter waiting; about 13 min left",
  );
  seconds = 395;
  programs.handle(building("loki", 0.5));
  programs.handle(building("prometheus", 0.5));
  assert.match(programs.text() ?? "", /loki 50 % built, prometheus 50 % built, .* about 7 min left$/);
  programs.handle(ready("loki"));
  programs.handle({ type: "failed", component: "prometheus", message: "" });
  programs.handle(building("node_exporter", 0.9));
  assert.equal(programs.text(), "Programs: 2 of 3 ready; node_exporter 90 % built; less than a minute left");
  programs.handle(building("node_exporter", 1));
  assert.equal(programs.text(), undefined);
});

test("the estimate is longer on a machine that is slower than the table, and shorter on a faster one", () => {
  const minutesAfter = (measured: number) => {
    let seconds = 0;
    const programs = createProgramProgress(() => seconds * 1000);
    for (const name of ["loki", "prometheus"]) programs.handle(building(name, 0));
    seconds = measured;
    for (const name of ["loki", "prometheus"]) programs.handle(building(name, 0.5));
    return Number(/about (\d+) min/.exec(programs.text() ?? "")?.[1]);
  };
  assert.deepEqual([minutesAfter(1540), minutesAfter(385), minutesAfter(150)], [23, 6, 3]);
});

test("the estimate of a download does not depend on the build time", () => {
  const programs = createProgramProgress(() => 0);
  programs.handle({
    type: "progress",
    component: "loki",
    text: "downloading 40 % of 90 MB",
    work: { kind: "download", done: 0.4 },
  });
  assert.equal(programs.text(), "Programs: 0 of 1 ready; loki 40 % downloaded; less than a minute left");
});
