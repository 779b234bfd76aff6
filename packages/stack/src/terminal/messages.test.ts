import assert from "node:assert/strict";
import { test } from "node:test";
import { execa } from "execa";
import { commandLine } from "./messages.ts";

test("a shell passes the arguments of a pasted command line on unchanged", async () => {
  const args = [
    "--port=1",
    "$HOME",
    "$(id)",
    "{a,b}",
    "it's",
    "a b",
    "`id`",
    "~",
    "*",
    "",
    'say "x"',
    "a\\b",
  ];
  const print = ["-e", "console.log(JSON.stringify(process.argv.slice(1)))", "--"];
  const { stdout } = await execa("bash", ["-c", commandLine(process.execPath, [...print, ...args])]);
  assert.deepEqual(JSON.parse(stdout), args);
});

test("a command line without special characters has no quotes", () => {
  assert.equal(commandLine("/bin/loki", ["-a=1,2", "--b", "x@y:1%+"]), "/bin/loki -a=1,2 --b x@y:1%+");
});
