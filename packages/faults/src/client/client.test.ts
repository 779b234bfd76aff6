import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SERVICE_PORTS } from "@lgtm-lab/contracts";
import { MAX_FAULT_MS } from "../settings.ts";
import { endFaults, type FaultAccess, faultAccessOf, listFaults, setFault } from "./client.ts";
import {
  closePendingKills,
  hasPendingKills,
  openPendingKills,
  readPendingKills,
  setPendingKill,
} from "./pending-kills.ts";
import { STACK_FAULTS } from "./stack-faults.ts";
import { makeFaultToken, readFaultToken, removeFaultToken } from "./token.ts";

function temporaryStateFolder(t: TestContext): string {
  const stateFolder = mkdtempSync(join(tmpdir(), "faults-"));
  t.after(() => rmSync(stateFolder, { recursive: true }));
  mkdirSync(join(stateFolder, "run"));
  return stateFolder;
}

/** Returns a stack with a launcher, none of whose services runs: nothing listens on port 1. */
function stoppedStack(t: TestContext): FaultAccess & { stateFolder: string } {
  const stateFolder = temporaryStateFolder(t);
  return { stateFolder, address: () => "http://127.0.0.1:1", token: () => "", launcher: () => stateFolder };
}

test("only its owner can read a token, and each stack has a different one", (t) => {
  const stateFolder = temporaryStateFolder(t);
  const token = makeFaultToken(stateFolder);
  assert.equal(statSync(join(stateFolder, "run/fault-admin-token")).mode & 0o777, 0o600);
  assert.equal(readFaultToken(stateFolder), token);
  assert.notEqual(makeFaultToken(stateFolder), token);
  removeFaultToken(stateFolder);
  assert.equal(readFaultToken(stateFolder), "");
});

test("a kill is pending until its time has passed or its fault is ended", (t) => {
  const stateFolder = temporaryStateFolder(t);
  setPendingKill(stateFolder, "b", Date.now() + 60_000);
  setPendingKill(stateFolder, "a", Date.now() + 60_000);
  assert.deepEqual(Object.keys(readPendingKills(stateFolder)).sort(), ["a", "b"]);
  assert.deepEqual(readPendingKills(stateFolder, Date.now() + 60_001), {});
  setPendingKill(stateFolder, "a", undefined);
  assert.deepEqual(Object.keys(readPendingKills(stateFolder)), ["b"]);
  openPendingKills(stateFolder);
  assert.deepEqual(readPendingKills(stateFolder), {}, "a new stack has no faults");
});

test("a launcher reads the list of kills while its file exists", (t) => {
  const stateFolder = temporaryStateFolder(t);
  assert.ok(!hasPendingKills(stateFolder));
  openPendingKills(stateFolder);
  assert.ok(hasPendingKills(stateFolder));
  closePendingKills(stateFolder);
  assert.ok(!hasPendingKills(stateFolder));
});

test("an unknown fault is rejected, with a suggestion", async (t) => {
  const stack = stoppedStack(t);
  await assert.rejects(
    setFault(stack, "slow-aa"),
    /Unknown fault "slow-aa"\. Available: slow-a, .*Did you mean slow-a\?/,
  );
  await assert.rejects(endFaults(stack, "nonsense"), /Unknown fault "nonsense"/);
});

test("a duration out of bounds is rejected", async (t) => {
  const stack = stoppedStack(t);
  for (const forMs of [0, -1, 1.5, MAX_FAULT_MS + 1])
    await assert.rejects(setFault(stack, "slow-a", { forMs }), /from 1 ms to 60 minutes/);
});

test("a service that is not running cannot be broken, and has no fault", async (t) => {
  const stack = stoppedStack(t);
  await assert.rejects(
    setFault(stack, "slow-a"),
    /No service listens at the fault admin port of service-a \(http:\/\/127\.0\.0\.1:1\).*lab status/,
  );
  await assert.rejects(setFault(stack, "crash-b"), /No service listens/);
  assert.deepEqual(
    readPendingKills(stack.stateFolder),
    {},
    "no component is killed for a fault that was not set",
  );
  const all = await listFaults(stack);
  assert.deepEqual(
    all.map(({ until }) => until),
    STACK_FAULTS.map(() => undefined),
  );
  assert.match(all[0]?.unavailable ?? "", /no service listens at the fault admin port of service-a \(http:/);
  assert.deepEqual(await endFaults(stack), []);
});

test("without a launcher, a fault that needs it is rejected", async (t) => {
  const stack = { ...stoppedStack(t), launcher: () => undefined };
  await assert.rejects(setFault(stack, "crash-b"), /crash-b needs the launcher/);
});

test("the access to a stack of this machine uses its ports, its current token and its state folder", (t) => {
  const stateFolder = temporaryStateFolder(t);
  const access = faultAccessOf({ stateFolder, ports: { ...SERVICE_PORTS, FAULT_ADMIN_A_PORT: 19_902 } });
  assert.equal(access.address("service-a"), "http://127.0.0.1:19902");
  assert.equal(access.address("gateway"), `http://127.0.0.1:${SERVICE_PORTS.FAULT_ADMIN_GATEWAY_PORT}`);
  assert.equal(access.launcher(), stateFolder);
  assert.equal(access.token(), "");
  const token = makeFaultToken(stateFolder);
  assert.equal(access.token(), token, "the token of a stack that started later");
});
