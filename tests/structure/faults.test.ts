import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SERVICES } from "@lgtm-lab/contracts";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import type { Faults } from "@lgtm-lab/faults";
import { STACK_FAULTS } from "@lgtm-lab/faults/client";

/**
 * The fault commands set a fault by its name at the fault admin port of each service in its list `at`, so each of these
 * services must define a fault with that name. Services in no list are not checked: the faults of a new service
 * (tests/new-service) are in STACK_FAULTS only after the steps of "Add a fault" in CONTRIBUTING.md.
 */
for (const service of new Set(STACK_FAULTS.flatMap(({ at }) => at)))
  test(`${service} defines exactly the faults that the fault commands set in it`, async () => {
    const module: Record<string, (...args: unknown[]) => Faults> = await import(
      join(REPOSITORY, "apps", SERVICES[service].app, "src/faults.ts")
    );
    // Each module exports one function that creates its faults. Only setting a fault uses its parameters, so none is
    // needed.
    const { names } = Object.values(module)[0]?.({}) ?? assert.fail("no faults");
    const expected = STACK_FAULTS.filter(({ at }) => at.includes(service)).map(({ name }) => name);
    assert.deepEqual(names.toSorted(), expected.toSorted());
  });

test("docs/faults.md names the alerts of each fault", () => {
  const page = readFileSync(join(REPOSITORY, "docs/faults.md"), "utf8");
  const namesOf = (alerts: (typeof STACK_FAULTS)[number]["alerts"]) => [
    ...new Set(alerts.map(({ name }) => name)),
  ];
  const known = namesOf(STACK_FAULTS.flatMap(({ alerts }) => alerts));
  for (const { name, alerts } of STACK_FAULTS) {
    const row = page.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? "";
    assert.deepEqual(
      known.filter((alert) => row.includes(alert)),
      known.filter((alert) => namesOf(alerts).includes(alert)),
      name,
    );
  }
});
