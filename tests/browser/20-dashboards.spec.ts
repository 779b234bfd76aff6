import { DASHBOARDS, type FilePanel } from "./support/dashboards.ts";
import { env } from "./support/env.ts";
import { type Look, targetOf } from "./support/targets.ts";
import { expect, test } from "./support/test.ts";

/** From the start of the traffic until every rate has two samples, and every rare thing has happened once. */
const BOUND_MS = 120_000;

test.beforeEach(async ({ request }, { project }) => {
  if (project.name !== "Grafana") return;
  const runs = await request.get(`${env.GRAFANA_URL}/api/health`).then(
    (answer) => answer.ok(),
    () => false,
  );
  test.skip(!runs, `no Grafana at ${env.GRAFANA_URL}`);
});

for (const { uid, title, panels } of DASHBOARDS) {
  test(`${title} has data in each of its ${panels.length} panels`, async ({ page }, { project }) => {
    test.setTimeout(BOUND_MS + 60_000);
    const target = targetOf(project.name);
    await page.goto(target.open(uid));
    const end = Date.now() + BOUND_MS;
    for (const panel of panels) {
      const shown = target.panel(page, panel.title).first();
      await shown.scrollIntoViewIfNeeded();
      await expect
        .poll(async () => complaint(panel, await target.look(shown)), {
          message: `${panel.title} (${panel.type})`,
          timeout: Math.max(1, end - Date.now()),
          intervals: [100, 250],
        })
        .toBe("");
    }
  });
}

function complaint({ noValue }: FilePanel, { state, text }: Look): string {
  if (state === "data") return "";
  if (state === "empty" && noValue !== undefined)
    return text.includes(noValue) ? "" : `is empty, but says: ${text}`;
  return `${state}: ${text}`;
}
