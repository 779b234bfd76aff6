import { fireEvent, screen, within } from "@testing-library/react";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { renderAt } from "../test/render.tsx";
import { batch, otlpSpan } from "../test/spans.ts";
import { TraceBody } from "./trace-body.tsx";
import { traceOf } from "./tree.ts";

function Body({ response }: { response: unknown }) {
  const [chosen, choose] = useState<string>();
  return (
    <TraceBody trace={traceOf(response)} traceId="abc" label="Spans" chosen={chosen} onChoose={choose} />
  );
}

const response = {
  batches: [
    batch(
      "gateway",
      otlpSpan("a", undefined, 0, 100, { name: "GET /a/hello", kind: "SPAN_KIND_SERVER" }),
      otlpSpan("b", "a", 10, 90, { name: "SayHello", kind: "SPAN_KIND_CLIENT" }),
    ),
    batch(
      "service-a",
      otlpSpan("c", "b", 20, 80, {
        name: "SayHello",
        kind: "SPAN_KIND_SERVER",
        status: { code: 2, message: "it broke" },
        attributes: [{ key: "lab.fault", value: { stringValue: "errors-a" } }],
        events: [{ name: "exception", timeUnixNano: "1795000000040000000", attributes: [] }],
        links: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "00f067aa0ba902b7" }],
      }),
      otlpSpan("d", "f", 5, 6, { name: "lost" }),
    ),
  ],
};

const rows = () => screen.getAllByTestId("span");
const names = () => rows().map((row) => row.querySelector(".span-title")?.textContent);

test("each span is a row with its service, its bar and its duration", () => {
  renderAt("/traces/abc", <Body response={response} />);
  expect(names()).toEqual(["GET /a/hello", "SayHello", "SayHello", "lost"]);
  const [root, client, server, orphan] = rows();
  expect(root?.getAttribute("aria-level")).toBe("1");
  expect(server?.getAttribute("aria-level")).toBe("3");
  expect(server?.dataset).toMatchObject({ service: "service-a", error: "true" });
  expect(within(server as HTMLElement).getByText("error").className).toContain("bad");
  expect(client?.querySelector<HTMLElement>(".span-bar")?.style).toMatchObject({ left: "10%", width: "80%" });
  expect(client?.textContent).toContain("80 ms");
  expect(server?.querySelectorAll(".span-event")).toHaveLength(1);
  expect(orphan?.textContent).toContain("parent missing");
  expect(screen.getByLabelText("Services of this trace").textContent).toContain("1 error");
});

test("a selected span shows its attributes, events and links, until it is closed", () => {
  renderAt("/traces/abc", <Body response={response} />);
  expect(screen.queryByTestId("span-panel")).toBeNull();
  fireEvent.click(rows()[2] as HTMLElement);
  const panel = screen.getByTestId("span-panel");
  expect(panel.textContent).toContain("it broke");
  expect(within(panel).getByRole("rowheader", { name: "lab.fault" }).nextSibling?.textContent).toBe(
    "errors-a",
  );
  expect(within(panel).getByText("exception").tagName).toBe("STRONG");
  expect(
    within(panel)
      .getByText(/trace 0af76519/)
      .getAttribute("href"),
  ).toBe("/traces/0af7651916cd43dd8448eb211c80319c?span=00f067aa0ba902b7");
  expect(within(panel).getByText("Log lines").getAttribute("href")).toContain("service-a");
  fireEvent.click(within(panel).getByText("Close"));
  expect(screen.queryByTestId("span-panel")).toBeNull();
});

test("the arrow keys move the focus, close and open; Enter selects", () => {
  renderAt("/traces/abc", <Body response={response} />);
  const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });
  rows()[0]?.focus();
  press("ArrowDown");
  expect(document.activeElement).toBe(rows()[1]);
  press("ArrowLeft");
  expect(names()).toEqual(["GET /a/hello", "SayHello", "lost"]);
  expect(rows()[1]?.getAttribute("aria-expanded")).toBe("false");
  press("ArrowRight");
  expect(rows()).toHaveLength(4);
  press("End");
  expect(document.activeElement).toBe(rows()[3]);
  press("Enter");
  expect(screen.getByTestId("span-panel").textContent).toContain("lost");
});

test("only the visible rows of a large trace are in the document", () => {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  const spans = Array.from({ length: 1000 }, (_, index) =>
    otlpSpan(`${index + 1}`, index > 0 ? "1" : undefined, index, index + 1),
  );
  renderAt("/traces/abc", <Body response={{ batches: [batch("gateway", ...spans)] }} />);
  const table = screen.getByTestId("waterfall");
  expect(table.getAttribute("aria-rowcount")).toBe("1001");
  expect(rows().length).toBeGreaterThan(5);
  expect(rows().length).toBeLessThan(150);
  expect(rows()[0]?.getAttribute("aria-rowindex")).toBe("2");
});

test("spans that cannot be drawn are listed below", () => {
  const broken = { ...otlpSpan("e", undefined, 0, 1), spanId: "?" };
  renderAt(
    "/traces/abc",
    <Body response={{ batches: [batch("gateway", otlpSpan("a", undefined, 0, 5), broken)] }} />,
  );
  expect(screen.getByTestId("trace-remarks").textContent).toContain("1 span has no valid span id");
});
