import assert from "node:assert/strict";
import { test } from "node:test";
import { execa } from "execa";
import { identify, isRunning } from "../programs/processes.ts";
import { sendSignal, terminate } from "./process.ts";

test("a process with the pid of an earlier one is never signalled", async (t) => {
  const stranger = execa("sleep", ["60"], { reject: false });
  t.after(() => stranger.kill("SIGKILL"));
  const real = identify(stranger.pid ?? 0);
  const former = { ...real, startTime: `${Number(real.startTime) - 1}` };
  assert.equal(sendSignal(former, "SIGKILL"), false);
  assert.equal(await terminate(former, { graceMs: 10 }), "had ended");
  assert.ok(isRunning(real));
  assert.equal(await terminate(real, { graceMs: 1000 }), "stopped");
  assert.ok(!isRunning(real));
});

test("a zombie counts as ended", async () => {
  const child = execa("sh", ["-c", "sleep 0 & exec sleep 60"], { reject: false });
  const shell = identify(child.pid ?? 0);
  assert.equal(await terminate(shell, { graceMs: 1000 }), "stopped");
  await child;
});
