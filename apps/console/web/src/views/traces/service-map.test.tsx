import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { problem, renderAt, serve } from "../../test/render.tsx";
import { ServiceMap } from "./service-map.tsx";

const series = (client: string, server: string, value: string) => ({
  metric: { client, server },
  value: [0, value],
});
const vector = (...result: unknown[]) => ({ data: { resultType: "vector", result } });

/** Mocks Prometheus with results by the metric in the query. */
const prometheus = (responses: Readonly<Record<string, unknown>>) => ({
  "/api/prometheus/query": (url: URL) => {
    const query = url.searchParams.get("query") ?? "";
    return responses[Object.keys(responses).find((metric) => query.includes(metric)) ?? ""] ?? vector();
  },
});

test("the view shows that no service was called", async () => {
  serve(prometheus({}));
  renderAt("/traces?tab=map", <ServiceMap />);
  expect((await screen.findByText(/No service was called/)).className).toBe("empty");
});

test("draws and lists the calls, and links failed ones to their traces", async () => {
  serve(
    prometheus({
      request_failed_total: vector(series("gateway", "service-a", "1")),
      seconds_bucket: vector(series("gateway", "service-a", "0.0421")),
      request_total: vector(
        series("gateway", "service-a", "4"),
        series("user", "gateway", "4"),
        series("", "x", "0.2"),
      ),
    }),
  );
  renderAt("/traces?tab=map", <ServiceMap />);
  const [, first, second] = within(await screen.findByTestId("edges")).getAllByRole("row");
  expect(first?.textContent).toContain("gatewayservice-a4.0/s25 %42.1 ms");
  expect(first?.querySelector("a")?.getAttribute("href")).toContain("status");
  expect(second?.textContent).toContain("usergateway4.0/s0 %–");
  const map = screen.getByTestId("service-map");
  expect(
    within(map)
      .getByText(/p95 42.1 ms/)
      .closest("g")?.dataset.failed,
  ).toBe("true");
  expect(map.textContent).toContain("calls from outside");
  expect(screen.getByTestId("map-unnamed").textContent).toContain("12/min");
});

test("if Tempo reached its series limit, the map is incomplete and failures are unknown", async () => {
  serve(
    prometheus({
      series_limited_total: vector({ metric: {}, value: [0, "3"] }),
      request_total: vector(series("a", "b", "1")),
    }),
  );
  renderAt("/traces?tab=map", <ServiceMap />);
  await screen.findByTestId("map-incomplete");
  expect(within(screen.getByTestId("edges")).getByText("unknown").className).toBe("badge warn");
});

test("an error of Prometheus is shown", async () => {
  serve({ "/api/prometheus/query": problem(503, "Prometheus cannot be reached") });
  renderAt("/traces?tab=map", <ServiceMap />);
  expect((await screen.findByRole("alert")).textContent).toContain("Prometheus cannot be reached");
});
