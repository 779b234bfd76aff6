import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { building, ready } from "../../test/events.ts";
import { createPlainReport, createProgramProgress, createStatusLine } from "./reporter.ts";

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

test("plain output: a line for each kind of work, one for all programs every ten seconds, and usable addresses", (t) => {
  t.mock.timers.enable({ apis: ["Date", "setInterval"] });
  const lines: string[] = [];
  const report = createPlainReport((line) => lines.push(line), {
    address: (name) => (name === "console" ? "http://127.0.0.1:8000" : undefined),
  });
  report(ready("console"));
  assert.deepEqual(
    lines.filter((line) => /http/.test(line)),
    [],
    "the start is about to end",
  );
  report(building("loki", 0));
  const usable = "  console: http://127.0.0.1:8000 (ready; still building: loki)";
  assert.deepEqual(
    lines.filter((line) => /http/.test(line)),
    [usable],
  );
  for (let done = 1; done < 100; done++) {
    t.mock.timers.tick(250);
    report(building("loki", done / 100));
  }
  const overall = lines.filter((line) => /Programs:/.test(line));
  assert.equal(overall.length, 2, lines.join("\n"));
  assert.match(overall[1] ?? "", /^ {2}Programs: 0 of 1 ready; loki 7\d % built; less than a minute left$/);
  assert.equal(lines.filter((line) => /compiling/.test(line)).length, 1);
  t.mock.timers.tick(10_000);
  assert.equal(lines.filter((line) => /Programs:/.test(line)).length, 3, "also while nothing happens");

  lines.length = 0;
  report(ready("service-a"));
  report(ready("console"));
  report(ready("loki"));
  report(ready("console"));
  assert.deepEqual(
    lines.filter((line) => /http/.test(line)),
    [usable],
  );
  lines.length = 0;
  t.mock.timers.tick(60_000);
  assert.deepEqual(lines, [], "no program is missing any more");
});

/** Collects what is written; `tty` makes it look like a terminal of 20 columns. */
function collector(tty: boolean) {
  let text = "";
  const output = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  return { output: Object.assign(output, tty && { isTTY: true, columns: 20 }), written: () => text };
}

test("without a terminal, the status is printed at most every five seconds, and each other line at once", (t) => {
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const { output, written } = collector(false);
  const status = createStatusLine(output);
  status.update("one");
  now = 4999;
  status.update("two");
  status.print("a result");
  now = 5000;
  status.update("three");
  status.end();
  assert.equal(written(), "one\na result\nthree\n");
});

test("on a terminal, the status is overwritten and cut to one line", () => {
  const { output, written } = collector(true);
  const status = createStatusLine(output);
  status.update("a status that is longer than the terminal");
  status.update("short");
  status.print("a result");
  const ESC = String.fromCharCode(27);
  const lines = written().split(`${ESC}[1G${ESC}[2K`);
  assert.deepEqual(lines, ["", "a status that is lo", "short", "a result\n"]);
});
