import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { SERVICES } from "@lgtm-lab/contracts";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import type { Faults } from "@lgtm-lab/faults";
import { SCENARIOS } from "@lgtm-lab/faults/client";

/**
 * A scenario is set by name at the admin port of each of its services, which must know this name. A service without a
 * scenario is not checked, because a copy of another service has the faults of its original.
 */
for (const service of new Set(SCENARIOS.flatMap(({ at }) => at)))
  test(`${service} has the faults of its scenarios, and no other`, async () => {
    const module: Record<string, (...args: unknown[]) => Faults> = await import(
      join(REPOSITORY, "apps", SERVICES[service].app, "src/faults.ts")
    );
    const { names } = Object.values(module)[0]?.({}) ?? assert.fail("no faults");
    const scenarios = SCENARIOS.filter(({ at }) => at.includes(service)).map(({ name }) => name);
    assert.deepEqual(names.toSorted(), scenarios.toSorted());
  });
