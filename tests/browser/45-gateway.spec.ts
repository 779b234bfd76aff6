import type { GatewayEntry } from "../../apps/console/shared/api.ts";
import { shoot } from "./support/screenshots.ts";
import { expect, test } from "./support/test.ts";

test("the instances behind each gateway are shown, and the routes; without mechanisms they are off", async ({
  page,
}) => {
  await page.goto("/gateway");
  for (const name of ["gateway", "gateway-rest"]) {
    const card = page.getByTestId(`gateway-${name}`);
    await expect(card.getByTestId("instance")).toHaveCount(2);
    await expect(card.getByText("always used").first()).toBeVisible();
  }
  const routes = page.getByTestId("routes");
  await expect(routes).toHaveCount(1);
  await expect(routes.getByRole("row", { name: /\/a\/hello/ })).toContainText("2 s");
  await expect(routes.getByText("off").first()).toBeVisible();
  await page.getByRole("link", { name: "Gateway dashboard" }).click();
  await expect(page).toHaveURL(/\/d\/lab-gateway/);
});

/** What a gateway with these mechanisms reports (npx lab up --auth --scale service-a=3) while A has two faults. */
const ENTRIES: readonly GatewayEntry[] = (["grpc", "rest"] as const).map((protocol, index) => {
  const port = 50_051 + 10 * index;
  const scheme = protocol === "rest" ? "http://" : "";
  const limits = { running: 64, waiting: 500 };
  const common = {
    methods: ["GET", "HEAD"],
    timeout_ms: 2000,
    retries: 2,
    limits,
    rate_limit: { per_second: 50, burst: 100, key: "client-address" },
  };
  return {
    name: protocol === "grpc" ? "gateway" : "gateway-rest",
    address: `http://127.0.0.1:${9900 + index}`,
    state: {
      protocol,
      upstreams: [
        {
          name: "service-a",
          balancing: "least-time",
          instances: [
            { breaker: "closed", ejected: false, active_calls: 2, latency_ms: 3.4 },
            { breaker: "closed", ejected: false, active_calls: 0, latency_ms: 412 },
            { breaker: "open", ejected: true, active_calls: 0, latency_ms: 530 },
          ].map((state, number) => ({
            address: `${scheme}127.0.0.1:${port + 100 * number}`,
            ...state,
            breaker: state.breaker as "closed" | "open",
          })),
        },
        {
          name: "service-b",
          balancing: "round-robin",
          instances: [
            {
              address: `${scheme}127.0.0.1:${port + 1}`,
              breaker: "closed",
              ejected: false,
              active_calls: 1,
              latency_ms: 4.1,
            },
          ],
        },
      ],
      routes: [
        {
          ...common,
          path: "/a/hello",
          upstream: "service-a",
          adds_stream_time: false,
          stream_limits: null,
          cache_ms: 5000,
          fallback: true,
          scope: "hello",
        },
        {
          ...common,
          path: "/b/numbers",
          upstream: "service-b",
          adds_stream_time: true,
          stream_limits: { running: 500, waiting: 1000 },
          cache_ms: null,
          fallback: false,
          scope: "numbers",
        },
      ],
    },
  };
});

test("open breakers, ejected and slow instances are shown, also on a narrow screen", async ({ page }) => {
  await page.route("**/api/gateways", (route) => route.fulfill({ json: ENTRIES }));
  await page.goto("/gateway");
  const card = page.getByTestId("gateway-gateway");
  await expect(card.getByTestId("instance").nth(1)).toContainText("410 ms");
  const third = card.getByTestId("instance").nth(2);
  await expect(third).toContainText("breaker open");
  await expect(third).toContainText("ejected");
  await shoot(page, "gateway", 860);
  await page.setViewportSize({ width: 360, height: 740 });
  await expect(third.getByText("breaker open")).toBeInViewport();
  expect(await page.locator("html").evaluate(({ scrollWidth }) => scrollWidth)).toBeLessThanOrEqual(360);
});
