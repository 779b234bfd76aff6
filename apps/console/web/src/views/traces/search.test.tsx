import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { pending, problem, renderAt, serve } from "../../test/render.tsx";
import Traces from "./index.tsx";

const CONFIG = { grafana: null, token: "t" };
const found = (id: string, startedAt: number, more: object = {}) => ({
  traceID: id.padStart(32, "0"),
  rootServiceName: "gateway",
  rootTraceName: "GET /a/hello",
  startTimeUnixNano: `${startedAt}000000`,
  durationMs: 12,
  spanSet: { matched: 3 },
  ...more,
});

test("the view shows that Tempo is searching", () => {
  serve({ "/api/config": CONFIG, "/api/tempo/search": pending });
  renderAt("/traces", <Traces />);
  expect(screen.getByText(/Querying Tempo/).className).toBe("empty");
});

test("without a match the view suggests how to get one", async () => {
  serve({ "/api/config": CONFIG, "/api/tempo/search": { traces: [] } });
  renderAt("/traces", <Traces />);
  expect((await screen.findByTestId("no-results")).textContent).toContain(
    "No trace matches in this time range",
  );
});

test("a query error is shown with Tempo's message", async () => {
  serve({ "/api/config": CONFIG, "/api/tempo/search": problem(400, "parse error at line 1") });
  renderAt("/traces?q=%7B", <Traces />);
  expect((await screen.findByRole("alert")).textContent).toContain("parse error at line 1");
});

test("lists the found traces, latest first, each with a link", async () => {
  const now = Date.now();
  const traces = [
    found("a1", now - 9000, { durationMs: undefined }),
    found("b2", now - 1000, { durationMs: 1234 }),
    found("c3", now - 5000, { rootServiceName: "<root span not yet received>", rootTraceName: "" }),
  ];
  serve({ "/api/config": CONFIG, "/api/tempo/search": { traces } });
  renderAt("/traces", <Traces />);
  const table = await screen.findByTestId("results");
  const rows = within(table).getAllByRole("row").slice(1);
  expect(rows.map((row) => row.querySelector("a")?.getAttribute("href"))).toEqual(
    ["b2", "c3", "a1"].map((id) => `/traces/${id.padStart(32, "0")}`),
  );
  expect(rows[0]?.textContent).toContain("1.23 s");
  expect(rows[1]?.textContent).toContain("root span not received");
  expect(rows[2]?.textContent).toContain("< 1 ms");
  expect(screen.getByText("3 traces: all that match.").className).toContain("results-count");
});

test("a trace id in the query field opens the trace", async () => {
  serve({ "/api/config": CONFIG, "/api/tempo": { traces: [] } });
  renderAt("/traces", <Traces />);
  await screen.findByTestId("no-results");
  const id = "0af7651916cd43dd8448eb211c80319c";
  fireEvent.change(screen.getByTestId("traceql"), { target: { value: ` ${id} ` } });
  fireEvent.click(screen.getByTestId("search"));
  await waitFor(() => expect(location.pathname).toBe(`/traces/${id}`));
});
