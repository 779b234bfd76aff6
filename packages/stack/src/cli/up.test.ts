import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { adminPassword, grafana, makePassword } from "../components/grafana.ts";
import { writeRecord } from "../supervisor/state-folder.ts";
import { newPassword } from "./up.ts";

function testFolders(t: { after: (done: () => void) => void }) {
  const stateFolder = mkdtempSync(join(tmpdir(), "password-"));
  t.after(() => rmSync(stateFolder, { recursive: true }));
  const data = join(stateFolder, "grafana-12.2.0");
  mkdirSync(data);
  writeRecord(stateFolder, {
    name: "grafana",
    stage: grafana.stage,
    state: "ready",
    version: "12.2.0",
    graceMs: 0,
    ports: [],
    restarts: 0,
  });
  return { stateFolder, data };
}

test("a password is created once, readable only by its owner, and shown at the start that created it", (t) => {
  const { stateFolder, data } = testFolders(t);
  assert.equal(newPassword(stateFolder), undefined, "no password exists yet");
  makePassword(data, undefined);
  const made = adminPassword(data, undefined);
  assert.match(made, /^[0-9a-f-]{36}$/);
  assert.equal(statSync(join(data, "admin-password")).mode & 0o777, 0o600);
  assert.ok(newPassword(stateFolder)?.includes(made));

  makePassword(data, undefined);
  assert.equal(adminPassword(data, undefined), made);
  assert.equal(newPassword(stateFolder, Date.now() + 1000), undefined, "a later start does not show it");
});

test("a password from the environment is used as it is, and neither stored nor shown", (t) => {
  const { stateFolder, data } = testFolders(t);
  makePassword(data, "from outside");
  assert.equal(adminPassword(data, "from outside"), "from outside");
  assert.throws(() => readFileSync(join(data, "admin-password")), { code: "ENOENT" });
  assert.equal(newPassword(stateFolder), undefined);
});
