import { shoot } from "./support/screenshots.ts";
import { expect, test } from "./support/test.ts";
import { assertWithin } from "./support/time.ts";

// One after the other: the second test expects that no fault is set.
test.describe.configure({ mode: "default" });

/** From the fix until no window of the alert contains bad events. */
const RESOLVED_MS = 150_000;

test("the guided incident, from the fault to resolved", async ({ page }) => {
  test.setTimeout(360_000);
  await page.goto("/incident");
  const done = page.locator("[data-testid=condition][data-done=true]");
  const next = async (step: string) => {
    await page.getByTestId("next").click();
    await expect(page.getByTestId("incident-step")).toHaveAttribute("data-step", step);
  };
  const start = performance.now();

  await page.getByTestId("break").click();
  await expect(done).toBeVisible({ timeout: 20_000 });
  await next("2");

  const state = page.getByTestId("alert-state");
  await expect(state).toHaveAttribute("data-state", "firing", { timeout: 40_000 });
  assertWithin("break to an alert that fires, as the page shows it", performance.now() - start, 40_000);
  await expect(done).toBeVisible({ timeout: 20_000 });
  await shoot(page, "incident", 860);
  const alerts = await page.context().newPage();
  await alerts.goto("/alerts");
  await expect(alerts.getByTestId("alert-SloPaceBurn").first()).toHaveAttribute("data-state", "firing");
  await shoot(alerts, "alerts", 1000);
  await alerts.close();
  await next("3");

  await page.getByTestId("choose-slowest").click();
  await expect(done).toBeVisible({ timeout: 20_000 });
  await next("4");

  const spans = page.locator("[data-testid=span]");
  await spans.first().click();
  await expect(page.getByTestId("span-verdict")).toContainText("No");
  await page.getByTestId("faulty-span").first().click();
  await expect(page.getByTestId("span-verdict")).toContainText("slow-b");
  await expect(done).toBeVisible();
  await next("5");

  await expect(page.locator("[data-marked=true]").first()).toContainText("slow-b");
  const fixed = performance.now();
  await page.getByTestId("fix").click();
  await expect(done).toBeVisible({ timeout: RESOLVED_MS });
  assertWithin("fix to every alert resolved, as the page shows it", performance.now() - fixed, RESOLVED_MS);
  await page.getByTestId("next").click();

  await expect(page.getByTestId("incident-summary")).toContainText("from its alert to its cause");
  for (const name of ["break-alert", "break-inbox", "broken", "fix-resolved"])
    await expect(page.getByTestId(`time-${name}`)).toHaveText(/\d/);
  await page.goto("/faults");
  await expect(page.getByTestId("milestone-resolved")).toHaveAttribute("data-state", "happened");
  await page.getByTestId("fault-timeline").scrollIntoViewIfNeeded();
  await shoot(page, "faults", 1400);
});

test("all steps can be skipped, and then no fault is set", async ({ page }) => {
  await page.goto("/incident");
  for (const step of ["1", "2", "3", "4", "5"]) {
    await expect(page.getByTestId("incident-step")).toHaveAttribute("data-step", step);
    await page.getByRole("button", { name: "Skip this step" }).click();
  }
  await expect(page.getByTestId("incident-summary")).toContainText("No fault was set");
  await page.goBack();
  await expect(page.getByTestId("incident-step")).toHaveAttribute("data-step", "5");
});
