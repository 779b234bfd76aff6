import assert from "node:assert/strict";
import { test } from "node:test";
import type { Component } from "../components/component.ts";
import { services, traffic } from "../components/services.ts";
import { readEnvironment } from "../env.ts";
import { commandOf, type LaunchContext } from "./launch.ts";

const given = { LOG_LEVEL: "debug", CORS_ORIGINS: "https://lab.example.org" };

/** Returns the user's settings in the environment of a component's process. */
function settingsOf(component: Component) {
  const environment = readEnvironment(given);
  const { ports } = environment;
  const context = { root: "/root", state: "/state", ports, environment, overrides: {}, faultToken: "" };
  const { env } = commandOf(
    component,
    { path: "/node", version: "1" } as never,
    context as never as LaunchContext,
  );
  return { LOG_LEVEL: env.LOG_LEVEL, CORS_ORIGINS: env.CORS_ORIGINS };
}

for (const service of services)
  test(`${service.name} gets the user's settings`, () => assert.deepEqual(settingsOf(service), given));

test("other programs do not", () =>
  assert.deepEqual(settingsOf(traffic(4)), { LOG_LEVEL: undefined, CORS_ORIGINS: undefined }));
