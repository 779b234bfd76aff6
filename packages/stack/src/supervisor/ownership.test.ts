import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import pWaitFor from "p-wait-for";
import { runLab, temporaryFolder } from "../../test/helpers.ts";
import { isRunning, type ProcessIdentity } from "../programs/processes.ts";
import { freePort, freePorts, readOwner } from "./ownership.ts";

const GONE_MS = 5000;

/** Starts a launcher in a separate process, and returns it and the processes that it has started. */
async function launcher(test: TestContext, mode: "foreground" | "detached") {
  const stateFolder = temporaryFolder();
  const file = join(import.meta.dirname, "../../test/fixtures/owns-a-stack.ts");
  const child = execa(process.execPath, [file, stateFolder, mode], { reject: false, stderr: "inherit" });
  test.after(() => child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  const children = JSON.parse(String(line)) as ProcessIdentity[];
  test.after(() => {
    for (const { pid } of children.filter(isRunning)) process.kill(pid, "SIGKILL");
  });
  return { child, stateFolder, children };
}

const gone = (processes: ProcessIdentity[]) => !processes.some(isRunning);

test("in the foreground, children die with a launcher that is killed, even one that ignores SIGTERM", async (t) => {
  const { child, stateFolder, children } = await launcher(t, "foreground");
  assert.equal(children.length, 2);
  assert.ok(children.every(isRunning));
  child.kill("SIGKILL");
  await pWaitFor(() => gone(children), { timeout: GONE_MS });
  await pWaitFor(() => readOwner(stateFolder) === undefined, { timeout: GONE_MS });
});

for (const command of ["status", "down"]) {
  test(`after a detached launcher was killed, \`lab ${command}\` stops its remaining processes`, async (t) => {
    const { child, stateFolder, children } = await launcher(t, "detached");
    child.kill("SIGKILL");
    await child;
    assert.ok(children.every(isRunning), "a detached stack outlives its launcher");
    const lab = await runLab({ LAB_STATE: stateFolder }, command);
    assert.match(lab.stderr, /The previous launcher was killed\. Stopped its remaining processes: .*serves/);
    assert.equal(lab.exitCode, command === "down" ? 0 : 1);
    assert.ok(gone(children));
  });
}

test("`lab down` stops a running stack of another process", async (t) => {
  const { child, stateFolder, children } = await launcher(t, "foreground");
  const lab = await runLab({ LAB_STATE: stateFolder }, "down");
  assert.equal(lab.exitCode, 0);
  await child;
  await pWaitFor(() => gone(children), { timeout: GONE_MS });
});

test("free ports are all different, and below the range of ports for outgoing connections", async () => {
  const ports = [...Object.values(await freePorts()), ...Object.values(await freePorts()), await freePort()];
  assert.equal(new Set(ports).size, ports.length);
  assert.deepEqual(
    ports.filter((port) => port < 15_000 || port >= 31_000),
    [],
  );
});
