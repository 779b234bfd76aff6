import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import pWaitFor from "p-wait-for";
import { siteOf } from "../src/faults/admin-client.ts";
import { clearDoom, readDoom, writeDoom } from "../src/faults/doom.ts";
import { breakIt, faults, fix, MAX_FOR_MS } from "../src/faults/faults.ts";
import { SCENARIOS } from "../src/faults/scenarios.ts";
import { makeFaultToken, readFaultToken, removeFaultToken } from "../src/faults/token.ts";
import { freePorts } from "../src/supervisor/free-ports.ts";
import { fixture, fixtureStack, temporaryFolder } from "./helpers.ts";

const NEVER = { max: 0, withinMs: 60_000, firstDelayMs: 10, maxDelayMs: 20 };

function stateFolder(): string {
  const state = temporaryFolder();
  mkdirSync(join(state, "run"));
  return state;
}

test("a token is readable by its owner only, and another for each stack", () => {
  const state = stateFolder();
  const token = makeFaultToken(state);
  assert.equal(statSync(join(state, "run/fault-admin-token")).mode & 0o777, 0o600);
  assert.equal(readFaultToken(state), token);
  assert.notEqual(makeFaultToken(state), token);
  removeFaultToken(state);
  assert.equal(readFaultToken(state), "");
});

test("a component is doomed until its time is over, or it is spared", () => {
  const state = stateFolder();
  writeDoom(state, "b", Date.now() + 60_000);
  writeDoom(state, "a", Date.now() + 60_000);
  assert.deepEqual(Object.keys(readDoom(state)).sort(), ["a", "b"]);
  assert.deepEqual(readDoom(state, Date.now() + 60_001), {});
  writeDoom(state, "a", undefined);
  assert.deepEqual(Object.keys(readDoom(state)), ["b"]);
  clearDoom(state);
  assert.deepEqual(readDoom(state), {});
});

test("a doomed component is killed at each start, and comes back for good where the policy allows no restart", async (t) => {
  const { stack, events } = await fixtureStack(t, [fixture("serves")], { restartPolicy: NEVER });
  await stack.start();
  const { record } = stack.unit("serves");
  writeDoom(stack.state, "serves", Date.now() + 60_000);
  await pWaitFor(() => record().restarts === 2, { timeout: 10_000 });
  writeDoom(stack.state, "serves", undefined);
  await pWaitFor(() => record().state === "ready", { timeout: 10_000 });
  assert.deepEqual(
    events.flatMap((event) => (event.type === "died" ? [event.message] : [])),
    ["serves was killed: a fault that `lab break` set."],
  );
});

test("an unknown fault is rejected, with a suggestion", async () => {
  const where = siteOf({ state: stateFolder(), ports: await freePorts() });
  await assert.rejects(
    breakIt(where, "slow-aa"),
    /Unknown fault "slow-aa"\. Available: slow-a, .*Did you mean slow-a\?/,
  );
  await assert.rejects(fix(where, "nonsense"), /Unknown fault "nonsense"/);
});

test("a time out of bounds is refused", async () => {
  const where = siteOf({ state: stateFolder(), ports: await freePorts() });
  for (const forMs of [0, -1, 1.5, MAX_FOR_MS + 1])
    await assert.rejects(breakIt(where, "slow-a", { forMs }), /lasts from 1 ms to 60 minutes/);
});

test("a service that does not run cannot be broken, and has no fault", async () => {
  const where = siteOf({ state: stateFolder(), ports: await freePorts() });
  await assert.rejects(
    breakIt(where, "slow-a"),
    /No service listens at FAULT_ADMIN_A_PORT \(http:\/\/127\.0\.0\.1:\d+\).*lab status/,
  );
  await assert.rejects(breakIt(where, "crash-b"), /No service listens/);
  assert.deepEqual(readDoom(where.launcher() ?? ""), {}, "nobody is killed for a fault that was not set");
  const all = await faults(where);
  assert.deepEqual(
    all.map(({ until }) => until),
    SCENARIOS.map(() => undefined),
  );
  assert.match(all[0]?.unavailable ?? "", /no service listens at the fault port of service-a \(http:/);
  assert.deepEqual(await fix(where), []);
});

test("without a launcher, what it would have to do is refused", async () => {
  const where = { ...siteOf({ state: stateFolder(), ports: await freePorts() }), launcher: () => undefined };
  await assert.rejects(breakIt(where, "crash-b"), /crash-b: it needs the launcher/);
});
