import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { readLines } from "../../lines/read.ts";
import { pending, problem, renderAt, serve } from "../../test/render.tsx";
import Logs from "./index.tsx";
import { appended } from "./use-tail.ts";

const backends = (lines: unknown) => ({
  "/api/config": { grafana: null, token: "t" },
  "/api/loki/label": { data: ["service-b"] },
  "/api/loki/query_range": (url: URL) =>
    url.searchParams.get("query")?.startsWith("sum by (level)")
      ? { data: { resultType: "matrix", result: [] } }
      : typeof lines === "function"
        ? lines()
        : lines,
});
const streams = (...texts: string[]) => ({
  data: {
    resultType: "streams",
    result: [{ stream: { service_name: "gateway" }, values: texts.map((text, at) => [`${at + 1}`, text]) }],
  },
});
const state = () => screen.getByTestId("logs-state").textContent;

test("the view shows loading, no match, and an error", async () => {
  serve(backends(pending));
  const loading = renderAt("/logs", <Logs />);
  expect(state()).toBe("Querying Loki …");
  loading.unmount();
  serve(backends(streams()));
  const empty = renderAt("/logs", <Logs />);
  expect((await screen.findByTestId("no-lines")).textContent).toBe("No line matches in this time range.");
  empty.unmount();
  serve(backends(problem(400, "parse error: unexpected end")));
  renderAt("/logs?query=%7B", <Logs />);
  expect((await screen.findByRole("alert")).textContent).toContain("parse error: unexpected end");
});

test("lists lines, latest first, and rejects a metric query", async () => {
  serve(backends(streams("one", "two")));
  const lines = renderAt("/logs", <Logs />);
  const rows = await screen.findAllByTestId("line");
  expect(rows.map((row) => row.querySelector(".line-text")?.textContent?.trim())).toEqual(["two", "one"]);
  expect(state()).toBe("2 lines, the latest first.");
  lines.unmount();
  serve(backends({ data: { resultType: "matrix", result: [] } }));
  renderAt("/logs?query=rate", <Logs />);
  expect((await screen.findByRole("alert")).textContent).toContain("metric query");
});

test("adds live lines once a second until paused, and continues after an error", async () => {
  let response: unknown = streams("one");
  serve(backends(() => response));
  renderAt("/logs?live=1", <Logs />);
  await waitFor(() => expect(state()).toBe("Live: 1 line, the latest first."));
  response = problem(503, "Loki cannot be reached");
  await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("Loki cannot be reached"));
  expect(screen.getAllByTestId("line")).toHaveLength(1);
  response = streams("one", "two");
  await waitFor(() => expect(screen.getAllByTestId("line")).toHaveLength(2));
  fireEvent.click(screen.getByTestId("pause"));
  expect(state()).toBe("Paused: 2 lines, the latest first.");
});

test("adds new lines once, in order, up to a limit", () => {
  const lines = (...times: string[]) =>
    readLines([{ stream: {}, values: times.map((time) => [time, `line ${time}`] as const) }]);
  const raws = (all: ReturnType<typeof lines>) => all.map(({ time }) => time);
  expect(raws(appended(lines("1", "3"), lines("2", "3", "4"), 10))).toEqual(["1", "2", "3", "4"]);
  expect(raws(appended(lines("1", "2"), lines("3"), 2))).toEqual(["2", "3"]);
  const before = lines("1");
  expect(appended(before, lines("1"), 10)).toBe(before);
});
