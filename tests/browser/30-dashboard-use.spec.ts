import type { Page } from "@playwright/test";
import { shoot } from "./support/screenshots.ts";
import { expect, test } from "./support/test.ts";

const panel = (page: Page, type: string) =>
  page.locator(`[data-panel-type=${type}][data-panel-state=data]`).first();
const parameter = (page: Page, name: string) => new URL(page.url()).searchParams.getAll(name);

test("the list leads to each dashboard, and a dashboard to the others", async ({ page }) => {
  await page.goto("/dashboards");
  await expect(page.locator(".link-card").nth(7)).toBeVisible();
  await page.getByRole("link", { name: "Overview" }).click();
  await expect(page).toHaveURL(/\/d\/lab-overview/);
  await expect(panel(page, "timeseries")).toBeVisible();
  await page
    .locator(".dashboard-toolbar")
    .getByRole("button", { name: /dashboards|lgtm/i })
    .first()
    .click();
  await page.getByRole("link", { name: "Service", exact: true }).click();
  await expect(page).toHaveURL(/\/d\/lab-service/);
});

test("a variable selects a service, and all of them", async ({ page }) => {
  await page.goto("/d/lab-logs");
  const services = page.locator("[data-variable]").first();
  const name = (await services.getAttribute("data-variable")) ?? "";
  await services.getByRole("button").click();
  await services.getByRole("checkbox", { name: "service-a" }).click();
  await expect.poll(() => parameter(page, `var-${name}`)).toEqual(["service-a"]);
  await page.keyboard.press("Escape");
  const lines = page.locator("[data-panel-type=logs]").last();
  await lines.scrollIntoViewIfNeeded();
  await expect(lines).toHaveAttribute("data-panel-state", "data");
  await expect(lines).not.toContainText("service-b");
  await services.getByRole("button").click();
  await services.getByRole("checkbox", { name: "All" }).click();
  await expect.poll(() => parameter(page, `var-${name}`)).not.toContain("service-a");
});

test("the time range is selected, moved, and undone by Back", async ({ page }) => {
  await page.goto("/d/lab-overview");
  const range = page.locator(".time-controls");
  await range.locator("[title='Time range']").click();
  await range.getByRole("button", { name: "Last 5 minutes" }).click();
  await expect.poll(() => parameter(page, "from")).toEqual(["now-5m"]);
  await expect(panel(page, "timeseries")).toBeVisible();
  await range.getByRole("button", { name: "Earlier" }).click();
  await expect.poll(() => parameter(page, "to")).not.toEqual(["now"]);
  await page.goBack();
  await expect.poll(() => parameter(page, "from")).toEqual(["now-5m"]);
  await page.goBack();
  await expect.poll(() => parameter(page, "from")).toEqual([]);
});

test("a drag over a graph zooms in", async ({ page }) => {
  await page.goto("/d/lab-overview");
  const graph = panel(page, "timeseries").locator(".u-over").first();
  await graph.scrollIntoViewIfNeeded();
  const box = await graph.boundingBox();
  if (!box) throw new Error("the graph has no place");
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.4, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, y, { steps: 8 });
  await page.mouse.up();
  await expect
    .poll(() => Number(parameter(page, "to")[0]) - Number(parameter(page, "from")[0]))
    .toBeGreaterThan(0);
});

test("the legend shows one series by a click, and all by another", async ({ page }) => {
  await page.goto("/d/lab-overview?refresh=off");
  const graph = page
    .locator("[data-panel-type=timeseries][data-panel-state=data]")
    .filter({ has: page.getByRole("button", { name: "service-a" }) })
    .first();
  await graph.scrollIntoViewIfNeeded();
  const label = (name: string) => graph.getByRole("button", { name, exact: true });
  const dimmed = (name: string) =>
    label(name).evaluate((element) => element.ownerDocument.defaultView?.getComputedStyle(element).color);
  const before = await dimmed("service-b");
  await label("service-a").click();
  await expect.poll(() => dimmed("service-b")).not.toBe(before);
  await label("service-a").click();
  await expect.poll(() => dimmed("service-b")).toBe(before);
});

test("an exemplar opens its trace", async ({ page }) => {
  await page.goto("/d/lab-service?refresh=off&from=now-5m&to=now");
  const point = page.locator("[data-exemplar]").last();
  await point.scrollIntoViewIfNeeded();
  const id = await point.getAttribute("data-exemplar");
  await shoot(page, "dashboard-service", 1010);
  await point.click({ force: true });
  await expect(page).toHaveURL(new RegExp(`/traces/${id}`));
  await expect(page.getByTestId("trace-page")).toBeVisible();
});

test("the light theme works like the dark one", async ({ page }) => {
  await page.goto("/d/lab-overview?from=now-5m&to=now");
  await expect(panel(page, "timeseries")).toBeVisible();
  await shoot(page, "dashboard-overview", 1360);
  await page.getByRole("button", { name: "Use the light theme" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  await expect(panel(page, "timeseries")).toBeVisible();
  await shoot(page, "dashboard-overview-light", 1360);
});

test("an unknown panel type and an invalid file are reported and affect nothing else", async ({
  page,
  monitor,
}) => {
  monitor.allow(/\b400\b.*api\/dashboards\/torn/);
  const strange = {
    uid: "strange",
    title: "Strange",
    panels: [
      { id: 1, type: "hologram", title: "From the future", gridPos: { x: 0, y: 0, w: 12, h: 8 } },
      {
        id: 2,
        type: "stat",
        title: "Known",
        gridPos: { x: 12, y: 0, w: 12, h: 8 },
        datasource: { type: "prometheus" },
        targets: [{ refId: "A", expr: "count(up)", instant: true }],
      },
      { id: 3, type: "timeseries", title: "Broken query", targets: [{ refId: "A", expr: "((" }] },
      7,
    ],
  };
  monitor.allow(/\b400\b.*api\/prometheus/);
  await page.route("**/api/dashboards/strange", (route) => route.fulfill({ json: strange }));
  await page.goto("/d/strange");
  await expect(page.locator("[data-panel-type=hologram]")).toContainText("hologram");
  await expect(page.locator("[data-panel-title=Known]")).toHaveAttribute("data-panel-state", "data");
  await expect(page.locator("[data-panel-title='Broken query']")).toHaveAttribute(
    "data-panel-state",
    "error",
  );

  await page.route("**/api/dashboards/torn", (route) =>
    route.fulfill({ body: '{"uid":', contentType: "application/json" }),
  );
  await page.goto("/d/torn");
  await expect(page.getByRole("heading", { name: "This dashboard cannot be shown" })).toBeVisible();
  await page.getByRole("link", { name: "All dashboards" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Dashboards" })).toBeVisible();
});
