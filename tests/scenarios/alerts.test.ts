import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { StoredAlert } from "@lgtm-lab/contracts";
import { GATEWAY_NAMES, SERVICE_NAMES } from "@lgtm-lab/contracts/services";
import { type FaultAlert, STACK_FAULTS, type StackFaultName } from "@lgtm-lab/faults/client";
import { firedSince } from "../e2e/support/alerts.ts";
import { lab, urls } from "../e2e/support/lab.ts";
import { query } from "../e2e/support/prometheus.ts";
import { GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { within } from "../e2e/support/within.ts";
import { skipIfOnlyLong, skipUnlessAll } from "../runner/env.ts";
import { missingBands, panelsFilledBy, stillEmpty } from "./support/panels.ts";

/** The name of a page, then its objective or service. */
type Page = string;

const pagesOf = ({ name, slo, service }: FaultAlert): Page[] =>
  slo === undefined ? [`${name} ${service}`] : GATEWAY_NAMES.map((gateway) => `${name} ${gateway}-${slo}`);

/** The pages that a page of the fault inhibits, unless they fire a moment earlier. */
const INHIBITED: Partial<Record<StackFaultName, FaultAlert[]>> = {
  "crash-b": [
    { name: "SloAvailabilityBurn", slo: "numbers-availability" },
    { name: "SloPaceBurn", slo: "numbers-pace" },
  ],
};

/**
 * The pages that must be delivered, and other pages that may fire, of each fault that needs no mechanism of the gateways
 * (mechanisms.test.ts tests the others). Tickets are ignored: by design they start and end minutes after the pages, when
 * other faults may be set.
 */
const TABLE: Readonly<Record<string, { must: Page[]; may: Page[] }>> = Object.fromEntries(
  STACK_FAULTS.filter(({ needs }) => !needs).map(({ name, alerts }) => {
    const pages = alerts.filter(({ severity = "page" }) => severity === "page");
    return [
      name,
      {
        must: pages.filter(({ mayBeMissing }) => !mayBeMissing).flatMap(pagesOf),
        may: [...pages.filter(({ mayBeMissing }) => mayBeMissing), ...(INHIBITED[name] ?? [])].flatMap(
          pagesOf,
        ),
      },
    ];
  }),
);

/**
 * Faults that affect different objectives are set together. Each round waits until its pages fire and are resolved.
 * These two rounds have every kind of page: latency, availability, pace, and a target that is down.
 */
const ROUNDS: readonly (readonly string[])[] = [
  ["slow-a", "crash-b"],
  ["errors-a", "slow-b"],
];
const LONG_ROUNDS: readonly (readonly string[])[] = [["stall-b"], ["lossy-link"], ["slow-gateway"]];

const pageOf = ({ alertname, slo, service_name }: Record<string, string>): Page =>
  `${alertname} ${slo ?? service_name}`;

/** Returns the pages among the alerts of an inbox. */
const pagesAmong = (alerts: readonly StoredAlert[]): Set<Page> =>
  new Set(alerts.filter(({ labels }) => labels.severity === "page").map(({ labels }) => pageOf(labels)));

/** Returns the pages that are firing in Prometheus. */
async function firing(): Promise<Page[]> {
  const { prometheus } = await urls();
  const samples = await query(prometheus, 'ALERTS{alertstate="firing",severity="page"}');
  return [...new Set(samples.map(({ metric }) => pageOf(metric)))];
}

describe("break, alert, fix, resolved", () => {
  let traffic: Traffic;

  before(async () => {
    const { base, prometheus } = await urls();
    // TargetDown may not fire for a target that has never been up since Prometheus started.
    await within("every service has been scraped", 30_000, async () => {
      const up = await query(prometheus, "up == 1");
      return SERVICE_NAMES.every((name) => up.some(({ metric }) => metric.service_name === name));
    });
    traffic = new Traffic({ rate: 10, requests: GATEWAY_REQUESTS, base });
    // Earlier tests may have caused alerts.
    await within("no page fires before the first fault", 120_000, async () => (await firing()).length === 0);
  });

  after(async () => {
    await (await lab()).endFaults();
    await traffic?.stop();
  });

  it("every fault is tested here", () => {
    assert.deepEqual([...ROUNDS, ...LONG_ROUNDS].flat().sort(), Object.keys(TABLE).sort());
    for (const [name, { must }] of Object.entries(TABLE)) assert.ok(must.length > 0, `no page of ${name}`);
  });

  it("the rounds of `npm test` have every kind of page", () => {
    const kinds = (names: readonly string[]) =>
      [...new Set(names.flatMap((name) => TABLE[name]?.must ?? []).map((page) => page.split(" ")[0]))].sort();
    assert.deepEqual(kinds(ROUNDS.flat()), kinds(Object.keys(TABLE)));
  });

  it("every panel that may be empty is filled by a fault", () => {
    const filled = Object.keys(TABLE).flatMap((name) => panelsFilledBy(name, Date.now()));
    assert.deepEqual([...new Set(filled.map(({ dashboard }) => dashboard))].sort(), [
      "lab-logs",
      "lab-overview",
      "lab-service",
      "lab-slo",
      "lab-traces",
    ]);
  });

  for (const names of [...ROUNDS, ...LONG_ROUNDS]) {
    const rows = names.map((name) => ({ name, must: [], may: [], ...TABLE[name] }));
    const title = names.join(" and ");
    const must = rows.flatMap((row) => row.must);
    const skip = LONG_ROUNDS.includes(names) ? skipUnlessAll : skipIfOnlyLong;
    it(`${title}: ${must.join(", ")}`, { skip }, async () => {
      const stack = await lab();
      const moment = Date.now();
      const fired = new Set<Page>();
      const look = async () => {
        const now = await firing();
        for (const page of now) fired.add(page);
        return now;
      };

      const broken = new Map<string, number>();
      for (const name of names) {
        await stack.setFault(name);
        broken.set(name, performance.now());
      }
      await Promise.all(
        rows.flatMap(({ name, must }) => {
          const since = { since: broken.get(name) ?? 0, intervalMs: 100 };
          return must.map(async (page) => {
            await within(`${name}: ${page} fires`, 30_000, async () => (await look()).includes(page), since);
            await within(
              `${name}: ${page} delivered`,
              30_000,
              async () => pagesAmong((await firedSince(moment)).unresolved).has(page),
              since,
            );
          });
        }),
      );

      const at = await urls();
      let missing: string[] = [];
      const isFilled = async () => {
        const panels = await Promise.all(names.map((name) => stillEmpty(name, moment, at)));
        missing = [...panels.flat(), ...(await missingBands(moment, at))];
        return missing.length === 0;
      };
      await within(`${title}: the panels and bands that show it are filled`, 30_000, isFilled).catch(
        (error) => {
          assert.deepEqual(missing, [], "still empty");
          throw error;
        },
      );

      for (const name of names) await stack.endFaults(name);
      const since = { since: performance.now(), intervalMs: 100 };
      await within(`${title}: no page fires`, 120_000, async () => (await look()).length === 0, since);
      await within(
        `${title}: all resolved at the inbox`,
        120_000,
        async () => pagesAmong((await firedSince(moment)).unresolved).size === 0,
        since,
      );
      const allowed = rows.flatMap(({ must, may }) => [...must, ...may]);
      const others = [...new Set([...fired, ...pagesAmong((await firedSince(moment)).fired)])].filter(
        (page) => !allowed.includes(page),
      );
      assert.deepEqual(others, [], "pages outside the table");
    });
  }
});
