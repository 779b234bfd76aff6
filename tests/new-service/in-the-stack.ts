import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { diagnose, REPOSITORY } from "@lgtm-lab/stack";
import { lab, urls } from "../e2e/support/lab.ts";
import { call } from "../e2e/support/requests.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { NAME } from "./clone.ts";

/** running.test.ts runs these tests in the clone, on the stack of the clone's end-to-end tests. */
describe("a new service in the running stack", () => {
  it(`the doctor examines ${NAME}`, async () => {
    const stack = await lab();
    const results = () => diagnose(stack);
    await eventually("the doctor finds nothing", async () =>
      (await results()).every(({ state }) => state === "ok"),
    );
    await stack.stopComponent(NAME);
    try {
      const found = (await results()).find(
        ({ hop, state }) => hop === "services respond" && state === "broken",
      );
      assert.match(found?.text ?? "", new RegExp(NAME));
    } finally {
      await stack.startComponent(NAME);
    }
  });

  it(`the dashboards offer ${NAME}`, async () => {
    const addresses = await urls();
    await call((await lab()).address(NAME), "/a/hello?name=Ana");
    let variables = 0;
    for await (const file of glob(join(REPOSITORY, "grafana/dashboards/*.json"))) {
      const { templating } = JSON.parse(await readFile(file, "utf8")) as Dashboard;
      for (const { definition = "" } of templating.list.filter(({ name }) => name === "service")) {
        variables += 1;
        await within(`${NAME} in ${definition} of ${file}`, 30_000, async () =>
          (await labelValues(addresses, definition)).includes(NAME),
        );
      }
    }
    assert.equal(variables, 3, "dashboards with a variable named service");
  });
});

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

/** Returns the values of `label_values(metric, label)` in Prometheus, or of `label_values(label)` in Loki. */
async function labelValues(
  addresses: { prometheus: string; loki: string },
  definition: string,
): Promise<string[]> {
  const [, metric, label] = /^label_values\((?:(.*), )?(\w+)\)$/.exec(definition) ?? assert.fail(definition);
  const url = metric
    ? `${addresses.prometheus}/api/v1/label/${label}/values?match[]=${encodeURIComponent(metric)}`
    : `${addresses.loki}/loki/api/v1/label/${label}/values`;
  const { data = [] } = (await (await fetch(url)).json()) as { data?: string[] };
  return data;
}
