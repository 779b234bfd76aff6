import { NAVIGATION } from "../../apps/console/shared/views.ts";
import { expect, test } from "./support/test.ts";

/** The headings that differ from the view's name in the navigation. */
const HEADINGS: Readonly<Record<string, string>> = {
  "/": "Send a request and see all its telemetry.",
  "/load": "Load tests",
  "/incident": "guided|incident",
};

test("the first view loads quickly when warm", async ({ page }) => {
  for (const time of ["cold", "warm"]) {
    const start = performance.now();
    await page.goto("/");
    await expect(page.getByTestId("send-a")).toBeVisible();
    // Printed but not checked, because a busy machine could exceed any limit.
    console.log(`    first view, ${time}: ${Math.round(performance.now() - start)} ms`);
  }
});

for (const { path, name } of NAVIGATION)
  test(`${path} opens by its address and by the navigation`, async ({ page }) => {
    const title = page.getByRole("heading", { level: 1, name: new RegExp(HEADINGS[path] ?? name, "i") });
    await page.goto(path);
    await expect(title).toBeVisible();
    await page.goto(path === "/" ? "/dashboards" : "/");
    await page.getByRole("navigation", { name: "Views" }).locator(`a[href="${path}"]`).click();
    await expect(title).toBeVisible();
    expect(new URL(page.url()).pathname).toBe(path);
  });

test('an unknown address shows "Page not found", and Back works', async ({ page, monitor }) => {
  monitor.allow(/404.*nowhere/);
  await page.goto("/dashboards");
  await page.goto("/nowhere");
  await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Dashboards" })).toBeVisible();
});
