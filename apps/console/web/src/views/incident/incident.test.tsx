import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { renderAt, serve } from "../../test/render.tsx";
import { batch, otlpSpan } from "../../test/spans.ts";
import GuidedIncident from "./index.tsx";

const TRACE = "c04e19f4de6b7454819f693f1c576087";
const START = Date.now() - 40_000;
const at = (seconds: number) => START + seconds * 1000;
const line = (seconds: number, more: object) => [
  `${at(seconds)}000000`,
  JSON.stringify({ service_name: "service-b", fault: "slow-b", ...more }),
];
const streams = (...values: unknown[]) => ({
  data: { resultType: "streams", result: [{ stream: {}, values }] },
});
const labels = {
  alertname: "SloPaceBurn",
  severity: "page",
  slo: "gateway-numbers-pace",
  service_name: "gateway",
};

/** Mocks a lab in which slow-b is set and affected one request, or in which no fault is set. */
function lab({ broken = true } = {}) {
  return serve({
    "/api/config": { grafana: null, token: "secret" },
    "/api/faults": [{ name: "slow-b", effect: "makes calls to B slow", until: null }],
    "/api/loki/query_range": (url: URL) => {
      const query = url.searchParams.get("query") ?? "";
      if (!broken) return streams();
      if (query.includes("is set")) return streams(line(0, { msg: "fault slow-b is set", for_ms: 300_000 }));
      if (query.includes("call affected"))
        return streams(line(1, { msg: "call affected by fault slow-b", trace_id: TRACE }));
      return streams(line(2, { msg: "call affected by fault slow-b", level: "warning" }), [
        `${at(3)}000000`,
        JSON.stringify({ service_name: "gateway", msg: "request" }),
      ]);
    },
    "/api/prometheus/query_range": { data: { result: [] } },
    "/api/prometheus/query_exemplars": {
      data: [
        {
          seriesLabels: { service_name: "gateway" },
          exemplars: [{ labels: { trace_id: TRACE }, value: "0.42", timestamp: at(2) / 1000 }],
        },
      ],
    },
    "/api/prometheus/query": {
      data: {
        resultType: "matrix",
        result: ["pending", "firing"].map((alertstate, index) => ({
          metric: { ...labels, alertstate },
          values: [[at(10 + index * 6) / 1000, "1"]],
        })),
      },
    },
    "/api/alerts": {
      alerts: [
        {
          status: "firing",
          labels,
          receivedAt: new Date(at(17)).toISOString(),
          startsAt: new Date(at(10)).toISOString(),
        },
      ],
    },
    "/api/tempo/traces": {
      batches: [
        batch("gateway", otlpSpan("a", undefined, 0, 460, { name: "GET /b/numbers", kind: 2 })),
        batch(
          "service-b",
          otlpSpan("b", "a", 20, 440, {
            name: "StreamNumbers",
            kind: 2,
            attributes: [{ key: "lab.fault", value: { stringValue: "slow-b" } }],
          }),
        ),
      ],
    },
  });
}

const condition = () => screen.getByTestId("condition");

test("step 1 waits until the fault affects a request", async () => {
  lab({ broken: false });
  renderAt("/incident", <GuidedIncident />);
  expect((await screen.findByTestId("break")).textContent).toBe("Break it");
  expect(condition().dataset.done).toBe("false");
  expect(condition().textContent).toContain("wait for the first affected request");
  expect(screen.getByTestId("next").getAttribute("aria-disabled")).toBe("true");
});

test("step 1 is done when the logs contain an affected call", async () => {
  lab();
  renderAt(`/incident?at=${START}`, <GuidedIncident />);
  await waitFor(() => expect(condition().dataset.done).toBe("true"));
  expect(screen.getByTestId("step-1").dataset.done).toBe("true");
  fireEvent.click(screen.getByTestId("next"));
  await waitFor(() => expect(screen.getByTestId("incident-step").dataset.step).toBe("2"));
});

test("step 2 follows the alert from pending to firing and delivered", async () => {
  lab();
  renderAt(`/incident?step=2&at=${START}`, <GuidedIncident />);
  await waitFor(() => expect(screen.getByTestId("alert-state").dataset.state).toBe("firing"));
  await waitFor(() => expect(condition().dataset.done).toBe("true"));
});

test("step 3 selects the slowest request, and is done when its trace names the fault", async () => {
  lab();
  renderAt(`/incident?step=3&at=${START}`, <GuidedIncident />);
  const slowest = screen.getByTestId<HTMLButtonElement>("choose-slowest");
  await waitFor(() => expect(slowest.disabled).toBe(false));
  fireEvent.click(slowest);
  await waitFor(() => expect(condition().dataset.done).toBe("true"));
  expect(location.search).toContain(`trace=${TRACE}`);
});

test("step 4 accepts only the span that names the fault", async () => {
  lab();
  renderAt(`/incident?step=4&at=${START}&trace=${TRACE}`, <GuidedIncident />);
  fireEvent.click(await screen.findByTestId("span"));
  await waitFor(() => expect(screen.getByTestId("span-verdict").textContent).toContain("No"));
  expect(condition().dataset.done).toBe("false");
  fireEvent.click(screen.getByTestId("faulty-span"));
  await waitFor(() => expect(condition().dataset.done).toBe("true"));
  expect(screen.getByTestId("span-verdict").textContent).toContain("lab.fault is slow-b");
});

test("step 5 marks the line that names the cause, and ends the fault", async () => {
  const { requests } = lab();
  renderAt(`/incident?step=5&at=${START}&trace=${TRACE}`, <GuidedIncident />);
  const lines = await screen.findAllByTestId("line");
  expect(lines.map((one) => one.dataset.marked)).toEqual(["true", "false"]);
  expect(within(lines[0] as HTMLElement).getByText(/call affected by fault slow-b/)).toBeTruthy();
  fireEvent.click(screen.getByTestId("fix"));
  await waitFor(() => expect(requests).toContain("DELETE /api/faults/slow-b"));
});

test("a later step shows that no fault was set yet", async () => {
  lab({ broken: false });
  renderAt("/incident?step=4", <GuidedIncident />);
  expect((await screen.findByText(/No fault was set yet/)).textContent).toContain("Start with step 1");
  expect(screen.getByText("No request is chosen yet.").tagName).toBe("P");
});
