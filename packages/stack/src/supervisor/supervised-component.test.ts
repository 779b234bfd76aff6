import assert from "node:assert/strict";
import { test } from "node:test";
import { setPendingKill } from "@lgtm-lab/faults/client";
import pWaitFor from "p-wait-for";
import { fixture, fixtureStack } from "../../test/helpers.ts";
import type { Component } from "../components/component.ts";
import { services, traffic } from "../components/services.ts";
import { readEnvironment } from "../env.ts";
import {
  commandOf,
  createRestartBackoff,
  RESTART_POLICY,
  type StackContext,
} from "./supervised-component.ts";

const NEVER = { max: 0, withinMs: 60_000, firstDelayMs: 10, maxDelayMs: 20 };

test("a component with a pending kill is killed at each start, and stays up afterwards, even without allowed restarts", async (t) => {
  const { stack, events } = await fixtureStack(t, [fixture("serves")], { restartPolicy: NEVER });
  await stack.start();
  const { record } = stack.component("serves");
  setPendingKill(stack.stateFolder, "serves", Date.now() + 60_000);
  await pWaitFor(() => record().restarts === 2, { timeout: 10_000 });
  setPendingKill(stack.stateFolder, "serves", undefined);
  await pWaitFor(() => record().state === "ready", { timeout: 10_000 });
  assert.deepEqual(
    events.flatMap((event) => (event.type === "died" ? [event.message] : [])),
    ["serves was killed by a fault that `npx lab break` set."],
  );
});

test("the wait doubles up to a maximum, and the restarts end at their limit", () => {
  const restarts = createRestartBackoff({ max: 4, withinMs: 60_000, firstDelayMs: 100, maxDelayMs: 300 });
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((now) => restarts.next(now)),
    [100, 200, 300, 300, undefined],
  );
});

test("restarts that are long past do not count", () => {
  const restarts = createRestartBackoff({ max: 1, withinMs: 1000, firstDelayMs: 100, maxDelayMs: 300 });
  assert.equal(restarts.next(0), 100);
  assert.equal(restarts.next(999), undefined);
  assert.equal(restarts.next(1000), 100);
});

test("the first restarts of a killed component come within ten seconds", () => {
  assert.ok(RESTART_POLICY.firstDelayMs < 1000);
  assert.ok(RESTART_POLICY.maxDelayMs < 10_000);
});

const userSettings = { LOG_LEVEL: "debug", CORS_ORIGINS: "https://lab.example.org" };

/** Returns the environment of a component's process in a stack with TLS, with the user's settings. */
function environmentOf(component: Component, settings: Record<string, string>) {
  const environment = readEnvironment(settings);
  const ports = { ...environment.ports, usesTls: true };
  const context = { root: "/root", stateFolder: "/state", ports, environment, overrides: {}, faultToken: "" };
  return commandOf(component, { path: "/node", version: "1" } as never, context as never as StackContext).env;
}

/** Returns the user's settings in the environment of a component's process. */
function settingsOf(component: Component) {
  const env = environmentOf(component, userSettings);
  return { LOG_LEVEL: env.LOG_LEVEL, CORS_ORIGINS: env.CORS_ORIGINS };
}

for (const service of services)
  test(`${service.name} gets the user's settings`, () => assert.deepEqual(settingsOf(service), userSettings));

test("other programs do not get the user's settings", () =>
  assert.deepEqual(settingsOf(traffic(4)), { LOG_LEVEL: undefined, CORS_ORIGINS: undefined }));

test("the CA of the stack is for the receivers of the stack only, not for those that the user sets", () => {
  const [service] = services;
  assert.ok(service);
  const certificates = (settings: Record<string, string>) => {
    const { OTEL_EXPORTER_OTLP_CERTIFICATE, LOKI_CERTIFICATE } = environmentOf(service, settings);
    return [OTEL_EXPORTER_OTLP_CERTIFICATE, LOKI_CERTIFICATE];
  };
  const own = "/state/tls/ca.pem";
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "https://otel.example.org" };
  assert.deepEqual(certificates({}), [own, own]);
  assert.deepEqual(certificates(endpoint), ["", own]);
  assert.deepEqual(certificates({ LOKI_URL: "https://loki.example.org" }), [own, ""]);
  assert.deepEqual(certificates({ ...endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE: "/ca" }), ["/ca", own]);
});
