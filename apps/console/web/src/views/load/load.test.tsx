import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { step, storedResult } from "../../../../../../load/test/results.ts";
import type { LoadTestEntry } from "../../../../shared/api.ts";
import { pending, problem, renderAt, serve } from "../../test/render.tsx";
import Load from "./index.tsx";

const TIME = "2026-11-28T15:04:05.678Z";
const run = (more: Partial<LoadTestEntry> = {}): LoadTestEntry => ({
  time: TIME,
  report: true,
  result: storedResult(),
  ...more,
});

/** The texts of the cells of each row below the heads. */
const rows = () =>
  within(screen.getByTestId("load-steps"))
    .getAllByRole("row")
    .slice(2)
    .map((row) => [...row.querySelectorAll("th, td")].map(({ textContent }) => textContent));

test("the view shows that the results are loading, and an error", async () => {
  serve({ "/api/load": pending });
  const loading = renderAt("/load", <Load />);
  expect(screen.getByText("Loading…").tagName).toBe("P");
  loading.unmount();
  serve({ "/api/load": problem(500, "the folder cannot be read") });
  renderAt("/load", <Load />);
  expect((await screen.findByRole("alert")).textContent).toContain("the folder cannot be read");
});

test("without a result, the view says how to start a load test", async () => {
  serve({ "/api/load": [] });
  renderAt("/load", <Load />);
  const empty = await screen.findByTestId("no-load-test");
  expect(empty.textContent).toContain("npx lab load --quick");
});

test("the newest result is shown with its numbers, its report and the dashboard of its time", async () => {
  serve({ "/api/load": [run(), run({ time: "2026-11-01T00:00:00.000Z" })] });
  renderAt("/load", <Load />);
  await screen.findByTestId("load-steps");
  expect(rows()).toEqual([
    [
      "400",
      "1,200",
      "900",
      "331 ms",
      "331 ms",
      "508 ms",
      "508 ms",
      "0 %",
      "10 %",
      "0",
      "0",
      "940 µs",
      "940 µs",
    ],
  ]);
  expect(screen.getByRole("link", { name: "Open the report" }).getAttribute("href")).toBe(
    `/load/${encodeURIComponent(TIME)}/report.html`,
  );
  const from = Date.parse("2026-11-28T15:03:55.678Z");
  const to = Date.parse("2026-11-28T15:16:30.000Z");
  expect(screen.getByRole("link", { name: "Load dashboard for this time" }).getAttribute("href")).toBe(
    `/d/lab-load?from=${from}&to=${to}`,
  );
  expect(screen.getByText(/Example CPU/).textContent).toContain("No span and no log line was dropped.");
  const [newest] = within(screen.getByRole("navigation", { name: "Load tests" })).getAllByRole("link");
  expect(newest?.getAttribute("aria-current")).toBe("true");
});

test("the plots have the values of both protocols and of the original lab", async () => {
  const steps = [25, 50].flatMap((users) => [step({ users }), step({ users, protocol: "rest" })]);
  serve({ "/api/load": [run({ result: storedResult({ steps }) })] });
  renderAt("/load", <Load />);
  const marks = (plot: HTMLElement) =>
    [...plot.querySelectorAll(".mark title")].map((title) => title.textContent);
  expect(marks(await screen.findByTestId("plot-throughput"))).toEqual([
    "gRPC, 25 users: 1,200",
    "gRPC, 50 users: 1,200",
    "REST, 25 users: 1,200",
    "REST, 50 users: 1,200",
    "gRPC, original, 25 users: 342",
    "gRPC, original, 50 users: 351",
  ]);
  expect(marks(screen.getByTestId("plot-mean")).at(-1)).toBe("REST, original, 50 users: 28 s");
  expect(screen.getByTestId("plot-mean").querySelectorAll(".line").length).toBe(4);
});

test("the URL selects a result", async () => {
  const older = run({ time: "1", result: storedResult({ steps: [step({ users: 25 })] }) });
  serve({ "/api/load": [run(), older] });
  const first = renderAt("/load?run=1", <Load />);
  await screen.findByTestId("load-steps");
  expect(rows().map(([users]) => users)).toEqual(["25"]);
  first.unmount();
  renderAt("/load?run=none", <Load />);
  expect((await screen.findByText("Unknown load test.")).className).toBe("problem");
});

test("one protocol, incomplete steps, failed thresholds and missing values are shown", async () => {
  const { latencyMs: _, ...without } = step({
    users: 800,
    complete: false,
    seconds: 0,
    succeeded: 0,
    shed: 1,
    failed: 12,
    cpuUs: { gateway: Number.NaN },
    failedThresholds: ["failed requests"],
    dropped: { spans: 1200, lines: 34 },
  });
  serve({ "/api/load": [run({ result: storedResult({ steps: [without, step()], stoppedEarly: true }) })] });
  renderAt("/load", <Load />);
  await screen.findByTestId("load-steps");
  expect(rows()).toEqual([
    ["400", "1,200", "331 ms", "508 ms", "0 %", "0", "940 µs"],
    ["800", "0 †", "–", "–", "< 0.1 %", "12", "–"],
  ]);
  expect(screen.getByText(/^† Stopped early/).className).toBe("muted");
  screen.getByText("Stopped early: later steps are missing.");
  screen.getByText("Failed thresholds: failed requests (gRPC, 800 users).");
  expect(screen.getByText(/Example CPU/).textContent).toContain("1,234 spans and log lines were dropped");
});

test("a result that cannot be read is listed with its problem", async () => {
  serve({ "/api/load": [{ time: TIME, report: true, problem: "result.json has an unsupported format." }] });
  renderAt("/load", <Load />);
  expect((await screen.findByText("result.json has an unsupported format.")).className).toBe("problem");
  screen.getByRole("link", { name: "Open the report" });
  expect(screen.queryByRole("link", { name: /dashboard/ })).toBeNull();
});

test("a result without steps says so", async () => {
  serve({ "/api/load": [run({ result: storedResult({ steps: [], stoppedEarly: true }) })] });
  renderAt("/load", <Load />);
  await screen.findByText("No step was measured.");
});
