import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { htmlReport } from "@lgtm-lab/load/report";
import { toStored } from "@lgtm-lab/load/result";
import { fullResult } from "../../load/test/results.ts";
import { env, LONG } from "./support/env.ts";
import { expect, test } from "./support/test.ts";
import { violations } from "./support/violations.ts";

/** Later than any real load test, so that it is the newest. */
const TIME = "2099-01-01T12:00:00.000Z";
const folder = env.LAB_STATE && join(env.LAB_STATE, "load", TIME);

test.skip(folder === undefined, "the state folder of this console is not known");

/** Stores a result as `lab load` does. */
function store(report: string): void {
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "result.json"),
    JSON.stringify({ ...toStored(fullResult()), startedAt: TIME, endedAt: TIME }),
  );
  writeFileSync(join(folder, "report.html"), report);
}

test.afterEach(() => folder && rmSync(folder, { recursive: true, force: true }));

for (const colorScheme of ["dark", "light"] as const)
  test(`a load test's numbers and its report are shown and accessible in ${colorScheme}`, {
    tag: colorScheme === "light" ? LONG : [],
  }, async ({ page }) => {
    store(htmlReport(fullResult()));
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto(`/load?${new URLSearchParams({ run: TIME })}`);
    const table = page.getByTestId("load-steps");
    await expect(table.getByRole("row", { name: /^3,200/ })).toContainText("59 %");
    expect(await violations(page)).toEqual([]);

    await page.getByRole("link", { name: "Open the report" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Load test: gRPC and REST" })).toBeVisible();
    await expect(page.getByRole("img", { name: "Successful requests per second" })).toBeVisible();
    await page.goBack();
    await expect(table).toBeVisible();

    // The served report runs no scripts, not even the scripts of axe.
    await page.goto("about:blank");
    await page.setContent(htmlReport(fullResult()));
    expect(await violations(page)).toEqual([]);
  });

test("the report fits into a narrow window", async ({ page }) => {
  store(htmlReport(fullResult()));
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`/load/${TIME}/report.html`);
  expect(await page.locator("html").evaluate(({ scrollWidth }) => scrollWidth)).toBeLessThanOrEqual(360);
});

test("no script in a report runs, and it cannot send requests", async ({ page, monitor }) => {
  monitor.allow(/Blocked script execution|violates the following Content Security Policy|^csp for GET/);
  store(`<h1>A report</h1><script>document.title = "changed"</script>
<img src="/api/config" onerror="document.title = 'changed'"><iframe src="/"></iframe>`);
  const received: string[] = [];
  page.on("response", (response) => received.push(new URL(response.url()).pathname));
  await page.goto(`/load/${TIME}/report.html`);
  await expect(page.getByRole("heading", { level: 1, name: "A report" })).toBeVisible();
  expect(await page.title()).not.toBe("changed");
  expect(received).toEqual([`/load/${TIME}/report.html`]);
});
