import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { createStatusLine } from "./status-line.ts";

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
