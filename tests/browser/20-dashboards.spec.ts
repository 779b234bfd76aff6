import { DASHBOARDS, type FilePanel } from "./support/dashboards.ts";
import { env, LONG } from "./support/env.ts";
import { layoutFaults } from "./support/layout.ts";
import { type Look, targetOf } from "./support/targets.ts";
import { expect, test } from "./support/test.ts";

/** From the start of the traffic until every rate has two samples and every rare event has happened once. */
const BOUND_MS = 120_000;

/** The narrowest window that everything must fit into, and one in which Grafana docks its menu beside the dashboard. */
const WIDTHS = [1280, 1500];

test.beforeEach(async ({ request }, { project }) => {
  if (project.name !== "Grafana") return;
  const runs = await request.get(`${env.GRAFANA_URL}/api/health`).then(
    (response) => response.ok(),
    () => false,
  );
  test.skip(!runs, `no Grafana at ${env.GRAFANA_URL}`);
});

test.beforeAll(async () => {
  // Slow requests, so that a table of half the width has rows too. (They fail if there is no gateway.)
  const slow = `${env.GATEWAY_URL}/b/numbers?count=2&delay_ms=150`;
  await Promise.all(
    [1, 2, 3].map(() =>
      fetch(slow).then(
        (response) => response.text(),
        () => "",
      ),
    ),
  );
});

for (const dashboard of DASHBOARDS)
  for (const width of WIDTHS) {
    const { title, panels } = dashboard;
    test(
      `${title} has data in each of its ${panels.length} panels, and nothing is cut at ${width} pixels`,
      {
        tag: width === WIDTHS[0] ? [] : LONG,
      },
      async ({ page }, { project }) => {
        test.setTimeout(BOUND_MS + 60_000);
        const target = targetOf(project.name);
        await target.open(page, dashboard, width);
        const end = Date.now() + BOUND_MS;
        for (const panel of panels) {
          const shown = target.panel(page, panel.title).first();
          if (await shown.count()) await shown.scrollIntoViewIfNeeded();
          await expect
            .poll(
              async () => problem(panel, await target.look(shown)) || (await layoutFaults(shown)).join("; "),
              {
                message: `${panel.title} (${panel.type})`,
                timeout: Math.max(1, end - Date.now()),
                intervals: [100, 250],
              },
            )
            .toBe("");
        }
      },
    );
  }

function problem({ noValue }: FilePanel, { state, text }: Look): string {
  if (state === "data") return "";
  if (state === "empty" && noValue !== undefined)
    return text.includes(noValue) ? "" : `is empty, but says: ${text}`;
  return `${state}: ${text}`;
}
