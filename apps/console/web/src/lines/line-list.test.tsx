import { act, fireEvent, screen, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { renderAt } from "../test/render.tsx";
import { LineList } from "./line-list.tsx";
import { readLines } from "./read.ts";

const trace = "adb1befff85474e37316e64dc1994e95";
const stream = { level: "error", service_name: "service-b", span_id: "f674e50b244f09dd", trace_id: trace };
const at = (ms: number) => `${new Date(2026, 10, 28, 14, 32, 7, ms).getTime()}000000`;
const raw = JSON.stringify({
  msg: "request",
  status: 502,
  duration_ms: 4.2345,
  fault: "slow-b",
  err: { type: "TypeError", message: "no", stack: "a\nb" },
});
const lines = readLines([
  { stream, values: [[at(1), raw]] },
  { stream: { level: "info" }, values: [[at(2), "plain text"]] },
]);
const rows = () => screen.getAllByTestId("line");

test("a line shows its time, level, service, message, details and error, and links to its span", () => {
  renderAt("/logs", <LineList lines={lines} label="Lines" />);
  const [first, second] = rows();
  expect(first?.querySelector("time")?.textContent).toBe("14:32:07.001");
  expect(first?.querySelector(".badge")).toMatchObject({ textContent: "error", className: "badge bad" });
  expect(first?.querySelector(".service")?.textContent).toBe("service-b");
  expect(first?.querySelector(".line-text")?.textContent).toBe("request 502 4.23 ms TypeError: no");
  expect(
    within(first as HTMLElement)
      .getByRole("link")
      .getAttribute("href"),
  ).toBe(`/traces/${trace}?span=f674e50b244f09dd`);
  expect(second?.querySelector(".line-text")?.textContent).toBe("plain text ");
  expect(within(second as HTMLElement).queryByRole("link")).toBeNull();
});

test("a click opens the fields of a line and closes them again", () => {
  renderAt("/logs", <LineList lines={lines} label="Lines" traceLinks={false} />);
  const head = rows()[0]?.querySelector("button") as HTMLElement;
  expect(head.getAttribute("aria-expanded")).toBe("false");
  fireEvent.click(head);
  const fields = screen.getByLabelText("Fields of this line");
  expect(within(fields).getByRole("rowheader", { name: "status" }).nextSibling?.textContent).toBe("502");
  expect(within(fields).getByRole("rowheader", { name: "err" }).nextSibling?.textContent).toContain("a\nb");
  expect(within(fields).getByRole("rowheader", { name: "service_name" }).nextSibling?.textContent).toBe(
    "service-b",
  );
  expect(screen.getByText("All lines of this trace").getAttribute("href")).toBe(`/logs?trace=${trace}`);
  fireEvent.click(head);
  expect(screen.queryByLabelText("Fields of this line")).toBeNull();
});

test("several lines can be open", () => {
  renderAt("/logs", <LineList lines={lines} label="Lines" />);
  for (const row of rows()) fireEvent.click(row.querySelector("button") as HTMLElement);
  expect(screen.getAllByLabelText("Fields of this line")).toHaveLength(2);
});

test("only the visible lines and the line with the focus of a long list are in the document", () => {
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(29);
  const values = Array.from({ length: 1000 }, (_, index) => [at(index), `line ${index}`] as const);
  const many = readLines([{ stream: { level: "info" }, values }]);
  renderAt("/logs", <LineList lines={many} label="Lines" />);
  const indexes = () => rows().map((row) => Number(row.getAttribute("aria-posinset")));
  expect(rows().length).toBeGreaterThan(20);
  expect(rows().length).toBeLessThan(100);
  expect(rows()[0]?.getAttribute("aria-setsize")).toBe("1000");

  rows()[0]?.querySelector("button")?.focus();
  scrolled(500 * 29);
  expect(indexes()).toContain(510);
  expect(indexes()).toContain(1);
  expect(indexes()).not.toContain(100);
  fireEvent.keyDown(document.activeElement as Element, { key: "ArrowDown" });
  scrolled(window.scrollY);
  expect(window.scrollY).toBeLessThan(29);
  expect(document.activeElement?.textContent).toContain("line 1");
});

/** Reports a scroll position, because the simulated DOM sends no events. */
function scrolled(to: number) {
  act(() => {
    document.documentElement.scrollTop = to;
    window.dispatchEvent(new Event("scroll"));
  });
}

test("the arrow keys move from line to line", () => {
  renderAt("/logs", <LineList lines={lines} label="Lines" />);
  const heads = rows().map((row) => row.querySelector("button"));
  heads[0]?.focus();
  fireEvent.keyDown(document.activeElement as Element, { key: "ArrowDown" });
  expect(document.activeElement).toBe(heads[1]);
  fireEvent.keyDown(document.activeElement as Element, { key: "ArrowUp" });
  expect(document.activeElement).toBe(heads[0]);
});

test("props select the details, highlight lines, and hide times and services", () => {
  renderAt(
    "/logs",
    <LineList
      lines={lines}
      label="Lines"
      dense
      details={["fault"]}
      formatTime={null}
      isMarked={({ fields }) => fields.fault === "slow-b"}
    />,
  );
  expect(rows().map((row) => row.dataset.marked)).toEqual(["true", "false"]);
  expect(rows()[0]?.querySelector(".line-text")?.textContent).toContain("request slow-b");
  expect(screen.getByTestId("line-list").querySelectorAll("time, .service")).toHaveLength(0);
});
