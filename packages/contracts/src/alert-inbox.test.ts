import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readStoredInbox } from "./alert-inbox.ts";

const alertLine = (fingerprint: string) =>
  JSON.stringify({
    receivedAt: "2026-11-21T05:00:01.000Z",
    source: "alertmanager",
    receiver: "console",
    status: "firing",
    fingerprint,
    labels: {},
    annotations: {},
    startsAt: "2026-11-21T05:00:00Z",
    generatorURL: "",
  });

function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "inbox-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

test("an empty or missing folder is an empty inbox", (t) => {
  const empty = { alerts: [], incompleteGroups: [], lastHeartbeat: undefined };
  const folder = folderWith(t, {});
  assert.deepEqual(readStoredInbox(folder), empty);
  assert.deepEqual(readStoredInbox(join(folder, "missing")), empty);
});

test("the alerts of both files are in order of arrival", (t) => {
  const folder = folderWith(t, {
    "alerts.jsonl.1": `${alertLine("a")}\n`,
    "alerts.jsonl": `${alertLine("b")}\n${alertLine("c").slice(0, 40)}`,
    "heartbeat.json": '{"lastSeenAt":"2026-11-21T05:00:10.000Z"}\n',
  });
  const { alerts, lastHeartbeat } = readStoredInbox(folder);
  assert.deepEqual(
    alerts.map(({ fingerprint }) => fingerprint),
    ["a", "b"],
  );
  assert.equal(lastHeartbeat, "2026-11-21T05:00:10.000Z");
});

for (const text of ["", '{"lastSeenAt":"2026-11', "null", '{"lastSeenAt":7}'])
  test(`a heartbeat file with the content "${text}" is ignored`, (t) => {
    const folder = folderWith(t, { "alerts.jsonl": alertLine("a"), "heartbeat.json": text });
    const { alerts, lastHeartbeat } = readStoredInbox(folder);
    assert.equal(alerts.length, 1);
    assert.equal(lastHeartbeat, undefined);
  });
