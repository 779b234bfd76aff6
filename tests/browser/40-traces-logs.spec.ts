import { randomBytes } from "node:crypto";
import { nanos, sendOtlp } from "../e2e/support/otlp.ts";
import { env } from "./support/env.ts";
import { shoot } from "./support/screenshots.ts";
import { expect, test } from "./support/test.ts";

/** The time for which the console caches a response. */
const NEW_MS = 1_000;

test("a search leads to a trace, the trace to its lines, and Back returns step by step", async ({ page }) => {
  await page.goto("/traces");
  await page.getByLabel("Service").selectOption("service-b");
  await expect(page).toHaveURL(/q=/);
  const results = page.getByTestId("results");
  await expect(results).toBeVisible();
  await shoot(page, "traces");
  const address = page.url();
  await results.getByRole("link").first().click();
  await expect(page.getByTestId("trace-page")).toBeVisible();
  await expect(page.locator("[data-testid=span][data-service=service-b]").first()).toBeVisible();
  await page.locator("[data-testid=span][data-service=service-b]").first().click();
  await expect(page.getByTestId("span-panel")).toBeVisible();
  await shoot(page, "trace", 800);
  const trace = page.url();
  const read = Date.now();
  await page.getByTestId("trace-logs").click();
  await expect(page.locator("[data-testid=line][data-service=service-b]").first()).toBeVisible();
  // Wait until the cached trace has expired, so that Back requests it again.
  await expect.poll(() => Date.now() - read).toBeGreaterThan(NEW_MS);
  const again = page.waitForResponse(/api\/tempo\/traces\//);
  await page.goBack();
  await expect(page).toHaveURL(trace);
  await again;
  await expect(page.getByTestId("waterfall")).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(address);
  await expect(results).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("Service")).toHaveValue("service-b");
  await expect(results).toBeVisible();
});

test("the view and the dashboard show the latest traces first, for any number of traces", async ({
  page,
}) => {
  const service = `latest-${randomBytes(4).toString("hex")}`;
  // More traces than a search returns, all of the last minute; the last one is the newest.
  const ids = Array.from({ length: 600 }, () => `a${randomBytes(16).toString("hex").slice(1)}`);
  const span = (traceId: string, index: number) => {
    const at = nanos((index - ids.length) * 60);
    const spanId = randomBytes(8).toString("hex");
    return { traceId, spanId, name: "request", kind: 2, startTimeUnixNano: at, endTimeUnixNano: at };
  };
  await sendOtlp({ collector: env.OTLP_URL }, "traces", [{ service, items: ids.map(span) }]);
  const newest = ids.slice(-5).reverse();
  const first = (links: readonly string[]) => links.slice(0, newest.length);

  const query = `{ resource.service.name = "${service}" }`;
  const results = page.getByTestId("results").locator("tbody a");
  const shown = async () => {
    await page.goto(`/traces?q=${encodeURIComponent(query)}&from=now-6h&to=now`);
    await page.locator("[data-testid=results], [data-testid=no-results]").waitFor();
    return first(
      await results.evaluateAll((all) => all.map((one) => one.getAttribute("href")?.slice(-32) ?? "")),
    );
  };
  await expect.poll(shown, { timeout: 20_000 }).toEqual(newest);

  await page.goto(`/d/lab-traces?var-service=${service}`);
  const table = page.locator("[data-panel-title='Latest traces']");
  await expect(table).toHaveAttribute("data-panel-state", "data");
  await expect.poll(async () => first(await table.getByRole("link").allInnerTexts())).toEqual(newest);
});

test("an invalid query shows the reason", async ({ page, monitor }) => {
  monitor.allow(/\b400\b.*api\/(tempo|loki)/);
  await page.goto("/traces");
  await page.getByTestId("traceql").fill("{ nonsense ");
  await page.getByTestId("search").click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.goto("/logs");
  await page.getByTestId("logql").fill("{ nonsense ");
  await page.getByTestId("search").click();
  await expect(page.getByRole("alert")).toBeVisible();
});

test("the service map shows which service calls which", async ({ page }) => {
  await page.goto("/traces?tab=map");
  const map = page.getByTestId("service-map");
  for (const name of ["gateway", "gateway-rest", "service-a", "service-b"])
    await expect(map.getByText(name, { exact: true }).first()).toBeVisible();
});

test("while Tempo is at its series limit, the service maps say that they are incomplete, and no call has 0 % failed", async ({
  page,
}) => {
  await page.route(/\/api\/prometheus\/query\?/, async (route) => {
    const expr = new URL(route.request().url()).searchParams.get("query") ?? "";
    const data = (result: readonly object[]) => ({
      json: { status: "success", data: { resultType: "vector", result } },
    });
    // The query of the panel that shows whether the metrics are complete.
    if (expr.includes("series_limited_total") && expr.endsWith("> bool 0"))
      return route.fulfill(data([{ metric: {}, value: [Date.now() / 1000, "1"] }]));
    if (/^sum\(\(tempo_metrics_generator_registry_series_limited_total/.test(expr))
      return route.fulfill(data([{ metric: {}, value: [Date.now() / 1000, "3"] }]));
    if (expr.includes("traces_service_graph_request_failed_total")) return route.fulfill(data([]));
    return route.continue();
  });
  await page.goto("/traces?tab=map");
  await expect(page.getByTestId("map-incomplete")).toContainText("This map is incomplete.");
  await expect(page.getByTestId("service-map")).toContainText("failures unknown");
  await expect(page.getByTestId("edges")).toContainText("unknown");
  for (const part of ["service-map", "edges"])
    await expect(page.getByTestId(part)).not.toContainText(/(?<!\d)0 %/);
  await page.goto("/d/lab-overview");
  const panel = page.locator("[data-panel-title='Service map']");
  await panel.scrollIntoViewIfNeeded();
  await expect(panel).toContainText("For dashed calls, failures are unknown");
  const completeness = page.locator("[data-panel-title='Completeness of span metrics and service map']");
  await expect(completeness).toContainText("Incomplete: Tempo reached its series limit");
});

test("a trace page lists the spans that it cannot draw as they were sent, and formats a long duration", async ({
  page,
  request,
}) => {
  const traceId = randomBytes(16).toString("hex");
  const id = () => randomBytes(8).toString("hex");
  const now = Date.now();
  const nano = (hoursAgo: number) => `${Math.round(now - hoursAgo * 3_600_000)}000000`;
  const [root, other] = [id(), id()];
  const spans = [
    { spanId: root, name: "nightly import", startTimeUnixNano: nano(36), endTimeUnixNano: nano(0) },
    { spanId: id(), parentSpanId: root, name: "no start", startTimeUnixNano: "0", endTimeUnixNano: nano(1) },
    {
      spanId: id(),
      parentSpanId: root,
      name: "backwards",
      startTimeUnixNano: nano(1),
      endTimeUnixNano: nano(2),
    },
    {
      spanId: other,
      parentSpanId: other,
      name: "own parent",
      startTimeUnixNano: nano(3),
      endTimeUnixNano: nano(2),
    },
  ].map((span) => ({ traceId, kind: 1, ...span }));
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "importer" } }] };
  const response = await request.post(`${env.OTLP_URL}/v1/traces`, {
    data: { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] },
  });
  expect(response.status()).toBe(200);
  await expect
    .poll(async () => (await request.get(`${env.TEMPO_URL}/api/traces/${traceId}`)).status())
    .toBe(200);
  await page.goto(`/traces/${traceId}`);
  const remarks = page.getByTestId("trace-remarks");
  for (const sentence of [
    "1 span has no start time and is not drawn: no start (importer).",
    "1 span ends before it starts and is drawn without a duration: backwards (importer).",
    "1 span is drawn at the top, because parent ids form a cycle.",
  ])
    await expect(remarks.getByText(sentence)).toBeVisible();
  await expect(page.getByTestId("span")).toHaveCount(3);
  await expect(page.locator(".trace-facts")).toContainText("1 d 12 h");
  await expect(page.getByTestId("waterfall")).toContainText("12 h");
});

test("a line leads to its trace", async ({ page }) => {
  await page.goto("/logs");
  await expect(page.getByTestId("volume")).toBeVisible();
  await shoot(page, "logs");
  const line = page.getByTestId("line").first();
  await line.getByRole("link", { name: /^Trace of this line/ }).click();
  await expect(page.getByTestId("trace-page")).toBeVisible();
});

test("live lines arrive, and stop when paused", async ({ page, request }) => {
  await page.goto("/logs?live=1");
  await expect(page.getByTestId("line").first()).toBeVisible();
  const response = await request.fetch("/api/config");
  const { token } = (await response.json()) as { token: string };
  // Sends a request, whose line is newer than the page.
  const tried = await request.post("/api/try/a/hello?backend=grpc&name=Live", {
    headers: { "x-lab-token": token },
  });
  const id = tried.headers()["x-trace-id"] ?? "";
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  await expect(page.locator(`a[href*="${id}"]`).first()).toBeAttached();
  await page.getByTestId("pause").click();
  await expect(page.getByTestId("pause")).toHaveAttribute("aria-pressed", "true");
});

test("in a long live list only visible lines are in the page, and new lines do not move them", async ({
  page,
}) => {
  const service = `long-${randomBytes(4).toString("hex")}`;
  const send = (from: number, to: number, startMs: number) => {
    const items = Array.from({ length: to - from }, (_, index) => ({
      timeUnixNano: nanos(startMs + index * 10),
      body: { stringValue: `line ${from + index}` },
    }));
    return sendOtlp({ collector: env.OTLP_URL }, "logs", [{ service, items }]);
  };
  await send(0, 400, -20_000);
  await page.goto(`/logs?live=1&query=${encodeURIComponent(`{service_name="${service}"}`)}`);
  const state = page.getByTestId("logs-state");
  await expect(state).toContainText("400 lines");
  const lines = page.getByTestId("line");
  expect(await lines.count()).toBeLessThan(150);
  await page.mouse.move(600, 500);
  await page.mouse.wheel(0, 3000);
  const line = lines.filter({ hasText: /line 300\b/ });
  await expect(line).toBeInViewport();
  const top = async () => Math.round((await line.boundingBox())?.y ?? Number.NaN);
  const before = await top();
  await send(400, 450, 0);
  await expect(state).toContainText("450 lines");
  await expect.poll(top).toBe(before);
});

test("a level filters the lines, and the address keeps it", async ({ page }) => {
  const info = page.getByRole("button", { name: "info", exact: true });
  await page.goto("/logs?from=now-1h");
  await info.click();
  await expect(page).toHaveURL(/info/);
  await page.reload();
  await expect(info).toHaveAttribute("aria-pressed", "true");
  await expect(page.locator("[data-testid=line][data-level=info]").first()).toBeVisible();
  await expect(page.locator("[data-testid=line]:not([data-level=info])")).toHaveCount(0);
  await info.click();
  await page.getByRole("button", { name: "critical", exact: true }).click();
  await expect(page.getByTestId("no-lines")).toBeVisible();
});
