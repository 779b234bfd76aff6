import type { Page } from "@playwright/test";
import { NAVIGATION } from "../../apps/console/shared/views.ts";
import { LONG } from "./support/env.ts";
import { expect, test } from "./support/test.ts";
import { violations } from "./support/violations.ts";

/** Fewer log lines, because axe checks every element and takes half a minute for a thousand lines. */
const QUERIES: Readonly<Record<string, string>> = { "/": "?name=Ana", "/logs": "?limit=50" };

const PAGES = [
  ...NAVIGATION.map(({ path }) => path + (QUERIES[path] ?? "")),
  "/d/lab-overview",
  "/d/lab-service",
  "/d/lab-logs?from=now-10s&to=now",
  "/traces?tab=map",
  "/nowhere",
];
/** Grafana's components are not checked, only the parts around them. */
const settled = (page: Page) =>
  page.waitForLoadState("networkidle", { timeout: 4000 }).catch(() => undefined);

test.beforeEach(({ monitor }) => monitor.allow(/404.*nowhere/));

for (const theme of ["dark", "light"] as const)
  test.describe(`in ${theme}`, { tag: theme === "light" ? LONG : [] }, () => {
    for (const path of PAGES)
      test(`${path} is accessible`, async ({ page }) => {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        await page.goto(path);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await settled(page);
        await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
        if (path.startsWith("/?")) {
          await page.getByTestId("send-a").click();
          await expect(page.getByTestId("place")).toBeVisible();
        }
        expect(await violations(page)).toEqual([]);
      });
  });

test.describe("at 360 pixels", () => {
  test.use({ viewport: { width: 360, height: 740 } });

  for (const path of PAGES)
    test(`${path} does not scroll sideways`, async ({ page }) => {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await settled(page);
      expect(await page.locator("html").evaluate(({ scrollWidth }) => scrollWidth)).toBeLessThanOrEqual(360);
    });

  test("the navigation is behind a button, and a request is followed", async ({ page }) => {
    await page.goto("/dashboards");
    const menu = page.getByRole("button", { name: "Menu" });
    await menu.click();
    await page.getByRole("link", { name: "Try it" }).click();
    await page.getByLabel("Name").fill("Ana");
    await page.getByTestId("send-a").click();
    await expect(page.getByTestId("place")).toBeVisible();
    await expect(page.getByTestId("waterfall")).toBeVisible();
    expect(await page.locator("html").evaluate(({ scrollWidth }) => scrollWidth)).toBeLessThanOrEqual(360);
  });
});

test("by keyboard alone: to the form, the response, a span, and another view", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByTestId("send-a")).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.locator(":focus")).toHaveText("Skip to the content");
  await page.keyboard.press("Enter");
  await tabTo(page, "input[name=name]");
  await page.keyboard.type("Ana");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("response-grpc")).toContainText("Olá, Ana!");
  await expect(page.getByTestId("waterfall")).toBeVisible();
  await tabTo(page, "[data-testid=span]");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("span-panel")).toBeVisible();
  await tabTo(page, "nav.views a[href='/logs']", "Shift+Tab");
  await page.keyboard.press("Enter");
  await tabTo(page, ".line-head");
  await page.keyboard.press("Enter");
  await expect(page.locator(":focus")).toHaveAttribute("aria-expanded", "true");
});

/** Presses the key until the element has the focus, at most 60 times. */
async function tabTo(page: Page, selector: string, key = "Tab"): Promise<void> {
  for (let pressed = 0; pressed < 60; pressed += 1) {
    await page.keyboard.press(key);
    if (
      await page
        .locator(`:focus`)
        .evaluateAll((all, wanted) => all.some((one) => one.matches(wanted)), selector)
    )
      return;
  }
  throw new Error(`${selector} does not have the focus after pressing ${key} 60 times`);
}
