import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { alertOf, payloadOf, testConsole } from "../../test/console.ts";
import { MESSAGE_LIMITS } from "./routes.ts";

const END = "2026-11-21T05:01:00Z";

/** Returns many short labels with a total size of about `bytes`. */
const labelsOfSize = (bytes: number) =>
  Object.fromEntries(Array.from({ length: bytes / 100 }, (_, i) => [`label_${i}`, "x".repeat(90)]));

describe("/api/alerts", () => {
  it("stores an alert once when it fires and once when it is resolved", async (test) => {
    const { inbox, get, post } = testConsole(test);
    const firing = payloadOf([alertOf()]);
    const resolved = payloadOf([alertOf({ status: "resolved", endsAt: END })], { status: "resolved" });
    assert.deepEqual(await (await post(firing)).json(), {
      received: 1,
      stored: 1,
      omitted: 0,
      heartbeat: false,
    });
    assert.equal(inbox.firing().length, 1);
    assert.deepEqual(await (await post(firing)).json(), {
      received: 1,
      stored: 0,
      omitted: 0,
      heartbeat: false,
    });
    assert.equal((await post(resolved)).status, 200);
    assert.deepEqual(inbox.firing(), []);

    const { alerts } = (await (await get("/api/alerts")).json()) as { alerts: Record<string, unknown>[] };
    assert.deepEqual(
      alerts.map(({ status, endsAt }) => [status, endsAt]),
      [
        ["resolved", END],
        ["firing", undefined],
      ],
    );
    assert.match(String(alerts[0]?.receivedAt), /^\d{4}-.*\.\d{3}Z$/);
  });

  it("stores an alert that fires again as a new alert", async (test) => {
    const { inbox, post } = testConsole(test);
    await post(payloadOf([alertOf()]));
    await post(payloadOf([alertOf({ startsAt: END })]));
    assert.equal(inbox.recent().length, 2);
    assert.equal(inbox.firing().length, 1, "only one alert with the same labels can fire");
  });

  it("accepts Grafana's format", async (test) => {
    const { inbox, post } = testConsole(test);
    const alert = alertOf({
      values: { B: 1 },
      valueString: "[ var='B' ]",
      silenceURL: "http://127.0.0.1:3000/x",
    });
    const response = await post(
      payloadOf([alert], { version: "1", orgId: 1, title: "[FIRING:1]", state: "alerting" }),
    );
    assert.equal(response.status, 200);
    assert.equal(inbox.recent()[0]?.source, "grafana");
  });

  it("stores the heartbeat separately", async (test) => {
    const { inbox, get, post } = testConsole(test);
    const watchdog = alertOf({ labels: { alertname: "Watchdog", severity: "none" } });
    await post(payloadOf([{ ...watchdog, status: "resolved", endsAt: END }], { receiver: "heartbeat" }));
    assert.equal(inbox.lastHeartbeat(), undefined, "a resolved Watchdog is not a heartbeat");
    const response = await post(payloadOf([watchdog], { receiver: "heartbeat" }));
    assert.deepEqual(await response.json(), { received: 1, stored: 0, omitted: 0, heartbeat: true });
    assert.deepEqual(inbox.recent(), []);
    const { heartbeat } = (await (await get("/api/alerts")).json()) as { heartbeat: { lastSeenAt: string } };
    assert.ok(Math.abs(Date.parse(heartbeat.lastSeenAt) - Date.now()) < 10_000);
  });

  it("stores how many alerts of a group the sender left out, until the number is 0", async (test) => {
    const { inbox, get, post } = testConsole(test);
    const response = await post(payloadOf([alertOf()], { truncatedAlerts: 2750 }));
    assert.deepEqual(await response.json(), { received: 1, stored: 1, omitted: 0, heartbeat: false });
    await post(payloadOf([alertOf()], { truncatedAlerts: 2750 }));
    const { incompleteGroups } = (await (await get("/api/alerts")).json()) as {
      incompleteGroups: Record<string, unknown>[];
    };
    assert.deepEqual(
      incompleteGroups.map(({ groupLabels, kept, missing }) => ({ groupLabels, kept, missing })),
      [{ groupLabels: { alertname: "TargetDown" }, kept: 1, missing: 2750 }],
    );
    assert.ok((await (await get("/plain")).text()).includes("2,750 more alerts"));
    await post(payloadOf([alertOf()], { truncatedAlerts: 1 }));
    assert.ok((await (await get("/plain")).text()).includes("1 more alert of the group"));
    await post(payloadOf([alertOf({ fingerprint: "1" })], { groupLabels: { alertname: "Other" } }));
    assert.equal(inbox.incompleteGroups().length, 1, "another group does not change this one");
    await post(payloadOf([alertOf()]));
    assert.deepEqual(inbox.incompleteGroups(), []);
  });

  it("truncates long strings, omits alerts that exceed the limit, and stores the rest", async (test) => {
    const { inbox, post } = testConsole(test);
    const long = `${'\\"é\u0001'.repeat(1_000_000)}`;
    const huge = alertOf({ fingerprint: "2", annotations: { summary: long, description: "short" } });
    const alertOverLimit = alertOf({ fingerprint: "3", labels: labelsOfSize(MESSAGE_LIMITS.maxKeptBytes) });
    const response = await post(
      payloadOf([alertOf({ fingerprint: "1" }), huge, alertOverLimit, alertOf({ fingerprint: "4" })]),
    );
    assert.deepEqual(await response.json(), { received: 4, stored: 3, omitted: 1, heartbeat: false });
    assert.deepEqual(
      inbox.recent().map(({ fingerprint }) => fingerprint),
      ["4", "2", "1"],
    );
    const { summary = "", description } = inbox.recent()[1]?.annotations ?? {};
    assert.match(summary, /… \[truncated\]$/);
    assert.ok(long.startsWith(summary.replace("… [truncated]", "")), "truncated between characters");
    assert.ok(Buffer.byteLength(summary) < 2 * MESSAGE_LIMITS.maxStringBytes);
    assert.equal(description, "short");
    assert.equal(inbox.incompleteGroups()[0]?.missing, 1);
  });

  it("accepts a message whose only alert exceeds the limit", async (test) => {
    const { inbox, post } = testConsole(test);
    const response = await post(payloadOf([alertOf({ labels: labelsOfSize(MESSAGE_LIMITS.maxKeptBytes) })]));
    assert.deepEqual(await response.json(), { received: 1, stored: 0, omitted: 1, heartbeat: false });
    assert.equal(inbox.incompleteGroups()[0]?.missing, 1);
  });

  const INVALID_MESSAGES: [what: string, body: unknown, status: number, detail: RegExp][] = [
    ["invalid JSON", "{", 400, /must be JSON/],
    ["an empty body", "", 400, /must be JSON/],
    ["null", null, 400, /body/],
    ["an unsupported version", payloadOf([alertOf()], { version: "3" }), 400, /version/],
    ["a message without alerts", payloadOf([]), 400, /alerts/],
    ["an alert without labels", payloadOf([alertOf({ labels: undefined })]), 400, /alerts\.0\.labels/],
    ["a label that is not a string", payloadOf([alertOf({ labels: { a: 1 } })]), 400, /alerts\.0\.labels\.a/],
    ["an invalid time", payloadOf([alertOf({ startsAt: "yesterday" })]), 400, /alerts\.0\.startsAt/],
    ["an invalid fingerprint", payloadOf([alertOf({ fingerprint: "../x" })]), 400, /fingerprint/],
    [
      "a message that is too large",
      `{"alerts": "${"x".repeat(MESSAGE_LIMITS.maxBodyBytes)}"}`,
      413,
      /^The message is larger than 64 MiB/,
    ],
    [
      "a message whose fields outside the alerts exceed the limit",
      payloadOf([alertOf()], { groupLabels: labelsOfSize(MESSAGE_LIMITS.maxKeptBytes) }),
      413,
      /^The parts of the message outside its alerts are larger than 256 KiB/,
    ],
    ["an invalid truncatedAlerts", payloadOf([alertOf()], { truncatedAlerts: -1 }), 400, /truncatedAlerts/],
  ];
  for (const [what, body, status, detail] of INVALID_MESSAGES)
    it(`rejects ${what} and stores nothing`, async (test) => {
      const { inbox, post } = testConsole(test);
      const response = await post(body);
      assert.equal(response.status, status);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.match(((await response.json()) as { detail: string }).detail, detail);
      assert.deepEqual(inbox.recent(), []);
    });

  it("rejects requests from browsers, and bodies without a JSON content type", async (test) => {
    const { inbox, post } = testConsole(test);
    const message = payloadOf([alertOf()]);
    for (const [headers, status] of [
      [{ origin: "http://evil.example" }, 403],
      [{ origin: "null" }, 403],
      [{ origin: "http://127.0.0.1:8000" }, 403],
      [{ "sec-fetch-site": "cross-site" }, 403],
      [{ "content-type": "text/plain" }, 415],
      [{ "content-type": "application/x-www-form-urlencoded" }, 415],
    ] as const)
      assert.equal((await post(message, headers)).status, status, JSON.stringify(headers));
    assert.deepEqual(inbox.recent(), []);
  });

  it("responds with 500 if it cannot store alerts, so that Alertmanager retries", async (test) => {
    const store = () => {
      throw new Error("ENOSPC");
    };
    const { inbox } = testConsole(test);
    const { post } = testConsole(test, { inbox: { ...inbox, store } });
    assert.equal((await post(payloadOf([alertOf()]))).status, 500);
  });

  it("lists at most the requested number of alerts, and rejects an invalid limit", async (test) => {
    const { get, post } = testConsole(test);
    await post(payloadOf(["a1", "b2", "c3"].map((fingerprint) => alertOf({ fingerprint }))));
    const listed = (await (await get("/api/alerts?limit=2")).json()) as { alerts: { fingerprint: string }[] };
    assert.deepEqual(
      listed.alerts.map(({ fingerprint }) => fingerprint),
      ["c3", "b2"],
    );
    for (const limit of ["0", "-1", "1e3", "1001", "x", "", "%FF", "1&limit=2"])
      assert.equal((await get(`/api/alerts?limit=${limit}`)).status, 400, limit);
  });
});
