import assert from "node:assert/strict";
import { test } from "node:test";
import { building, ready } from "../../test/events.ts";
import { createPlainReport } from "./reporter.ts";

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
