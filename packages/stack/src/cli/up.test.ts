import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { adminPassword, grafana, makePassword } from "../components/grafana.ts";
import { writeRecord } from "../supervisor/state-folder.ts";
import { newPassword } from "./up.ts";

function testFolders(t: { after: (done: () => void) => void }) {
  const state = mkdtempSync(join(tmpdir(), "password-"));
  t.after(() => rmSync(state, { recursive: true }));
  const data = join(state, "grafana-12.2.0");
  mkdirSync(data);
  writeRecord(state, {
    name: "grafana",
    stage: grafana.stage,
    state: "ready",
    version: "12.2.0",
    graceMs: 0,
    ports: [],
    restarts: 0,
  });
  return { state, data };
}

test("a password is created once, readable only by its owner, and shown at the start that created it", (t) => {
  const { state, data } = testFolders(t);
  assert.equal(newPassword(state), undefined, "no password exists yet");
  makePassword(data, undefined);
  const made = adminPassword(data, undefined);
  assert.match(made, /^[0-9a-f-]{36}$/);
  assert.equal(statSync(join(data, "admin-password")).mode & 0o777, 0o600);
  assert.ok(newPassword(state)?.includes(made));

  makePassword(data, undefined);
  assert.equal(adminPassword(data, undefined), made);
  assert.equal(newPassword(state, Date.now() + 1000), undefined, "a later start does not show it");
});

test("a password from the environment is used as it is, and neither stored nor shown", (t) => {
  const { state, data } = testFolders(t);
  makePassword(data, "from outside");
  assert.equal(adminPassword(data, "from outside"), "from outside");
  assert.throws(() => readFileSync(join(data, "admin-password")), { code: "ENOENT" });
  assert.equal(newPassword(state), undefined);
});
