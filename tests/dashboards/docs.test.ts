import assert from "node:assert/strict";
import { it } from "node:test";
import { isForeignMetric, isUsed } from "../docs/known.ts";
import { namesIn, PAGES } from "../docs/pages.ts";
import { urls } from "../e2e/support/lab.ts";
import { GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { eventually } from "../e2e/support/within.ts";

it("each metric of other programs in docs is used by a rule or a dashboard, or exists in Prometheus", async () => {
  const { prometheus, base } = await urls();
  const mentions = PAGES.flatMap((page) => page.mentions.filter(({ kind }) => kind !== "text"));
  const foreign = namesIn(mentions).filter(({ name }) => isForeignMetric(name));
  assert.ok(foreign.length > 50, `only ${foreign.length} were found`);
  let missing = foreign.filter(({ name }) => !isUsed(name));
  // Some metrics appear only after the first spans, and after a start not every component has been scraped yet.
  const traffic = new Traffic({ rate: 4, requests: GATEWAY_REQUESTS, base });
  try {
    await eventually("the metrics that docs name", async () => {
      const response = await fetch(`${prometheus}/api/v1/label/__name__/values`);
      const { data } = (await response.json()) as { data: readonly string[] };
      missing = missing.filter(({ name }) => !["", "_count"].some((end) => data.includes(name + end)));
      return missing.length === 0;
    });
  } catch (cause) {
    const names = missing.map(({ page, name }) => `${page}: ${name}`);
    throw new Error(`Prometheus does not have ${names.join(", ")}`, { cause });
  } finally {
    await traffic.stop();
  }
});
