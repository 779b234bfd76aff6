import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { execa } from "execa";
import pWaitFor from "p-wait-for";

const FIXTURE = join(import.meta.dirname, "fixtures/command.ts");
const command = (...phases: string[]) =>
  execa(process.execPath, [FIXTURE, ...phases], { reject: false, stdin: "ignore" });

describe("a test command", () => {
  it("runs the phases that it has by default, and prints their times", async () => {
    const { exitCode, stdout } = await command();
    assert.equal(exitCode, 0);
    assert.match(stdout, /^── passes ──$/m);
    assert.match(stdout, /^All phases passed: passes \d+\.\d s\.$/m);
  });

  it("names an unknown phase, and exits with 2", async () => {
    const { exitCode, stderr } = await command("passes", "nonsense");
    assert.equal(exitCode, 2);
    assert.match(stderr, /^Unknown phase: nonsense\. Available: passes, fails, waits, works, together\.$/m);
  });

  it("stops at the phase that fails, cleans up, and exits with 1", async () => {
    const { exitCode, stdout, stderr } = await command("fails", "waits");
    assert.equal(exitCode, 1);
    assert.match(stderr, /^Failed \(exit code 3\): sh -c 'exit 3'$/m);
    assert.match(stdout, /^cleaned up$/m);
    assert.doesNotMatch(stdout, /── waits ──/);
  });

  it("stops a command if the one that runs at the same time fails, and reports that failure", async () => {
    const { exitCode, stdout, stderr } = await command("together");
    assert.equal(exitCode, 1);
    assert.match(stdout, /^waiting\nstopping\ncleaned up$/m);
    assert.match(stderr, /^Failed \(exit code 3\): sh /m);
    assert.doesNotMatch(stderr, /Interrupted/);
  });

  for (const [signal, expected] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)
    it(`stops what it runs and cleans up after ${signal}, and exits with ${expected}`, async () => {
      const child = command("waits");
      let output = "";
      child.stdout.on("data", (data) => {
        output += data;
      });
      await pWaitFor(async () => output.includes("waiting"), { timeout: 10_000 });
      child.kill(signal);
      const { exitCode, stdout, stderr } = await child;
      assert.equal(exitCode, expected, stderr);
      assert.match(stdout, /waiting\nstopping\ncleaned up$/m);
      assert.match(stderr, /^Interrupted: sh /m);
    });

  it("does not wait for work in its own process after a signal: cleans up and exits", async () => {
    const child = command("works");
    let output = "";
    child.stdout.on("data", (data) => {
      output += data;
    });
    await pWaitFor(async () => output.includes("waiting"), { timeout: 10_000 });
    child.kill("SIGTERM");
    const { exitCode, stdout, stderr } = await child;
    assert.equal(exitCode, 143, stderr);
    assert.match(stdout, /waiting\ncleaned up$/m);
    assert.match(stderr, /^Interrupted: the work$/m);
  });
});
