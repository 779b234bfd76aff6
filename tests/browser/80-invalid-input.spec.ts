import { NAVIGATION } from "../../apps/console/shared/views.ts";
import { expect, test } from "./support/test.ts";

const SCRIPT = `<img src=x onerror=alert(1)>"'><script>alert(1)</script>`;
const INVALID_TEXTS = [
  SCRIPT,
  "%FF%00",
  "javascript:alert(1)",
  "{{7*7}}<%= 7*7 %>",
  "‮\u0000é🙈",
  "9".repeat(5000),
];

/** Every parameter that a view reads from its address. */
const VIEWS: Record<string, readonly string[]> = {
  "/": ["to", "via", "name", "count", "delay_ms", "trace"],
  "/traces": ["q", "limit", "tab", "from", "to"],
  "/traces/abc": ["span"],
  "/logs": ["query", "trace", "limit", "from", "to"],
  "/gateway": [],
  "/alerts": ["q", "severity", "all"],
  "/faults": ["for", "fault", "at"],
  "/load": ["run"],
  "/incident": ["step", "at", "trace", "span"],
  "/d/lab-overview": ["from", "to", "refresh", "var-service"],
  "/d/lab-logs": ["from", "to", "var-service", "var-search"],
};

test("every view is tested here, except /dashboards, which reads no parameter", () => {
  const paths = NAVIGATION.map(({ path }) => path).filter((path) => path !== "/dashboards");
  expect(Object.keys(VIEWS)).toEqual(expect.arrayContaining(paths));
});

for (const [path, names] of Object.entries(VIEWS))
  test(`${path} accepts any text in its address`, async ({ page, monitor }) => {
    test.setTimeout(120_000);
    // A backend may reject the query; its response is then shown.
    monitor.allow(/\b4\d\d\b.*\/(api|traces)\//);
    for (const value of INVALID_TEXTS) {
      await page.goto(
        `${path}?${new URLSearchParams(Object.fromEntries(names.map((name) => [name, value])))}`,
      );
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(page.getByText("This view failed")).toHaveCount(0);
      expect(await page.locator("img[src='x']").count()).toBe(0);
    }
  });

test("addresses that cannot be decoded still open a page", async ({ page, monitor }) => {
  monitor.allow(/\b4\d\d\b/);
  for (const path of [
    "/traces/%FF",
    "/d/%FF",
    `/d/${encodeURIComponent(SCRIPT)}`,
    "/traces/%3Cscript%3E",
    "/?name=%FF",
  ]) {
    const response = await page.goto(path);
    expect(response?.status()).toBeLessThan(500);
    await expect(page.locator("body")).toContainText(/\w/);
    expect(await page.locator("script:not([src])").count()).toBe(0);
  }
});

test("fields accept any text", async ({ page, monitor }) => {
  test.setTimeout(120_000);
  monitor.allow(/\b4\d\d\b.*\/api\//);
  for (const value of INVALID_TEXTS) {
    await page.goto("/");
    for (const field of ["Name", "Count", "Pause between numbers"]) await page.getByLabel(field).fill(value);
    await page.getByTestId("send-a").click();
    await expect(page.getByTestId("response-grpc")).toHaveAttribute("data-state", /done|failed/);
    await page.getByTestId("send-b").click();
    await expect(page.getByTestId("problem")).toBeVisible();
    await page.goto("/traces");
    await page.getByTestId("traceql").fill(value);
    await page.getByTestId("search").click();
    await expect(
      page.locator("[role=alert], [data-testid=results], [data-testid=no-results]").first(),
    ).toBeVisible();
    await page.goto("/logs");
    for (const field of ["contains", "trace-id"]) await page.getByTestId(field).fill(value);
    await page.getByTestId("search").click();
    await expect(page.getByTestId("no-lines").or(page.getByRole("alert")).first()).toBeVisible();
  }
});

test("a name that contains a script is shown as text, in the response and in its trace", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Name").fill(SCRIPT);
  await page.getByTestId("send-a").click();
  await expect(page.getByTestId("response-grpc")).toContainText(SCRIPT);
  await expect(page.getByTestId("trace")).toHaveAttribute("data-state", "found");
});
