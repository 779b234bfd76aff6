import { STACK_FAULTS } from "@lgtm-lab/faults/client";
import { expect, test } from "./support/test.ts";

test("alerts: the firing ones, the budgets, those that were sent, and all rules", async ({ page }) => {
  await page.goto("/alerts");
  await expect(page.getByTestId("firing-tile")).toContainText(/page/);
  await expect(page.getByTestId("heartbeat")).toContainText(/ago|now/i);
  await expect(page.locator("[data-testid^=slo-]")).not.toHaveCount(0);
  await expect(page.getByTestId("sent")).toBeVisible();
  await page.getByLabel("Filter").fill("SloPaceBurn");
  await expect(page).toHaveURL(/q=SloPaceBurn/);
  await expect(page.locator("[data-testid^=rule-SloPaceBurn]").first()).toBeAttached();
  await expect(page.locator("[data-testid^=rule-TargetDown]")).toHaveCount(0);
  await page.reload();
  await expect(page.getByLabel("Filter")).toHaveValue("SloPaceBurn");
});

test("a fault is set, observed and ended", async ({ page }) => {
  await page.goto("/faults?for=30s");
  const card = page.getByTestId("fault-card-slow-a");
  await expect(page.locator("[data-testid^=fault-card-]")).toHaveCount(STACK_FAULTS.length);
  await card.getByRole("button", { name: /^Start/ }).click();
  await expect(card).toHaveAttribute("data-active", "true");
  await expect(page).toHaveURL(/fault=slow-a/);
  const timeline = page.getByTestId("fault-timeline");
  await expect(timeline.getByTestId("milestone-start")).toHaveAttribute("data-state", "happened");
  await expect(timeline.getByTestId("milestone-bad-request")).toHaveAttribute("data-state", "happened", {
    timeout: 20_000,
  });
  await card.getByRole("button", { name: /^Stop/ }).click();
  await expect(card).toHaveAttribute("data-active", "false");
  await expect(timeline.getByTestId("milestone-fix")).toHaveAttribute("data-state", "happened", {
    timeout: 20_000,
  });
});
