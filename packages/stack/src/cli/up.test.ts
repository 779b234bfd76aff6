import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runLab, temporaryFolder } from "../../test/helpers.ts";
import { adminPassword, grafana, makePassword } from "../components/grafana.ts";
import { readEnvironment, settingHashes } from "../env.ts";
import { freePorts, takeOwnership } from "../supervisor/ownership.ts";
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

test("variables that do not change a running stack are an error with the fix", async (t) => {
  const stateFolder = temporaryFolder();
  const ports = await freePorts();
  const owner = await takeOwnership(stateFolder, {
    components: [],
    ports,
    settings: settingHashes(readEnvironment({ UPSTREAM_RETRIES: "3", LOKI_MAX_STREAMS: "9" })),
    mode: "detached",
    report: () => {},
  });
  t.after(owner.release);
  const up = (variables: Record<string, string>) =>
    runLab({ LAB_STATE: stateFolder, ...variables }, "up", "--detach");
  for (const [variables, message] of [
    [{ UPSTREAM_RETRIES: "2" }, "UPSTREAM_RETRIES does"],
    [{ RATE_LIMIT: "20", LOKI_MAX_STREAMS: "8" }, "RATE_LIMIT, LOKI_MAX_STREAMS do"],
    [{ RATE_LIMIT: "20", LOKI_MAX_STREAMS: "9" }, "RATE_LIMIT does"],
  ] as const) {
    const { exitCode, stderr } = await up(variables);
    assert.equal(
      stderr,
      `${message} not change a running stack. Stop it with \`npx lab down\`, then start it again.\n`,
    );
    assert.equal(exitCode, 1);
  }
  for (const unchanged of [{}, { UPSTREAM_RETRIES: "3", LOKI_MAX_STREAMS: "9" }]) {
    const { exitCode, stdout } = await up(unchanged);
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`already running .*127\\.0\\.0\\.1:${ports.CONSOLE_PORT}`, "s"));
  }
});
