import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type IncompleteGroup, parseAlertLog, type StoredAlert } from "@lgtm-lab/contracts";
import { temporaryFolder } from "../../test/console.ts";
import { openInbox } from "./inbox.ts";

const alert = (fingerprint: string, more: Partial<StoredAlert> = {}): StoredAlert => ({
  receivedAt: "2026-11-21T05:00:01.000Z",
  source: "alertmanager",
  receiver: "console",
  status: "firing",
  fingerprint,
  labels: { alertname: "TargetDown" },
  annotations: {},
  startsAt: "2026-11-21T05:00:00Z",
  generatorURL: "",
  ...more,
});
const incomplete = (alertname: string, more: Partial<IncompleteGroup> = {}): IncompleteGroup => ({
  receivedAt: "2026-11-21T05:00:01.000Z",
  source: "alertmanager",
  receiver: "console",
  groupLabels: { alertname },
  kept: 250,
  missing: 10,
  ...more,
});
const fingerprints = (alerts: readonly StoredAlert[]) => alerts.map(({ fingerprint }) => fingerprint);

test("a restart keeps all alerts, the numbers of missing alerts and the heartbeat", (t) => {
  const folder = temporaryFolder(t);
  const before = openInbox(folder);
  before.store([alert("a"), alert("b")]);
  before.store([alert("a", { status: "resolved", endsAt: "2026-11-21T05:00:09Z" })]);
  before.store([alert("c")], incomplete("Storm"));
  before.store([alert("c", { status: "resolved" })], incomplete("Storm", { missing: 9 }));
  before.store([alert("d")], incomplete("Over"));
  before.store([alert("d", { status: "resolved" })], incomplete("Over", { missing: 0 }));
  before.recordHeartbeat("2026-11-21T05:00:10.000Z");
  const after = openInbox(folder);
  assert.deepEqual(after.recent(), before.recent());
  assert.deepEqual(fingerprints(after.firing()), ["b"]);
  assert.deepEqual(after.incompleteGroups(), [incomplete("Storm", { missing: 9 })]);
  assert.equal(after.lastHeartbeat(), "2026-11-21T05:00:10.000Z");
  assert.equal(after.store([alert("b")]), 0, "the alert is already stored");
});

test("the files stay within their size limit and keep the latest lines", (t) => {
  const folder = temporaryFolder(t);
  const maxBytes = 2000;
  const inbox = openInbox(folder, maxBytes);
  for (let i = 0; i < 100; i += 1) inbox.store([alert(`${i}`)]);
  const files = readdirSync(folder).sort();
  assert.deepEqual(files, ["alerts.jsonl", "alerts.jsonl.1"]);
  for (const file of files) assert.ok(statSync(join(folder, file)).size <= maxBytes, file);
  const stored = fingerprints(openInbox(folder).recent());
  assert.equal(stored[0], "99");
  assert.ok(stored.length > 5 && stored.length < 20, `${stored.length}`);
  assert.deepEqual(
    stored,
    stored.toSorted((a, b) => Number(b) - Number(a)),
    "in order, over both files",
  );
});

test("an incomplete line does not affect the other lines", (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "alerts.jsonl");
  openInbox(folder).store([alert("a")]);
  appendFileSync(file, JSON.stringify(alert("torn")).slice(0, 50));
  const inbox = openInbox(folder);
  inbox.store([alert("b")]);
  assert.deepEqual(fingerprints(parseAlertLog(readFileSync(file, "utf8"))), ["a", "b"]);
  assert.deepEqual(fingerprints(openInbox(folder).recent()), ["b", "a"]);
});

test("an alert that could not be written is stored when the sender retries", (t) => {
  const folder = temporaryFolder(t);
  const inbox = openInbox(folder);
  mkdirSync(join(folder, "alerts.jsonl"));
  assert.throws(() => inbox.store([alert("a")]), /EISDIR/);
  assert.deepEqual(inbox.recent(), []);
  rmdirSync(join(folder, "alerts.jsonl"));
  assert.equal(inbox.store([alert("a")]), 1);
});
