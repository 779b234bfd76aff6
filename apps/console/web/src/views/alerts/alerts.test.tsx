import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { pending, problem, renderAt, serve } from "../../test/render.tsx";
import Alerts from "./index.tsx";

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const labels = {
  alertname: "SloPaceBurn",
  severity: "page",
  service_name: "gateway",
  slo: "gateway-numbers-pace",
};
const annotations = {
  summary: "Streams are late",
  runbook_url: "http://127.0.0.1:8000/docs/runbooks/SloPaceBurn",
  dashboard_url: "javascript:alert(1)",
};
const rule = (more: object = {}) => ({
  type: "alerting",
  name: "SloPaceBurn",
  query: "slo:burn_rate > 14.4",
  duration: 6,
  state: "inactive",
  health: "ok",
  lastEvaluation: minutesAgo(0),
  labels: { severity: "page" },
  annotations: { summary: "Streams are late" },
  alerts: [],
  ...more,
});
const rules = (...all: object[]) => ({
  data: { groups: [{ name: "slo", file: "/rules/slo.yml", interval: 2, rules: all }] },
});
const sent = (more: object = {}) => ({
  receivedAt: minutesAgo(3),
  source: "alertmanager",
  receiver: "console",
  status: "firing",
  fingerprint: "a1",
  labels,
  annotations,
  startsAt: minutesAgo(4),
  generatorURL: "",
  ...more,
});
const inbox = (alerts: object[] = [], more: object = {}) => ({
  alerts,
  firing: [],
  incompleteGroups: [],
  heartbeat: { lastSeenAt: minutesAgo(0.5) },
  ...more,
});
const quiet = {
  "/api/prometheus/rules": rules(rule()),
  "/api/prometheus/query": { data: { resultType: "vector", result: [] } },
  "/api/alertmanager/alerts": [],
  "/api/alerts": inbox(),
};

test("the view shows that the rules are loading", () => {
  serve({ ...quiet, "/api/prometheus/rules": pending });
  renderAt("/alerts", <Alerts />);
  expect(screen.getByText("Loading…").tagName).toBe("P");
  expect(screen.getByTestId("firing-tile").dataset.level).toBe("unknown");
});

test("the view shows that nothing fires and nothing was sent", async () => {
  serve(quiet);
  renderAt("/alerts", <Alerts />);
  expect((await screen.findByTestId("nothing-fires")).textContent).toContain("No alert is firing");
  await screen.findByText(/No alert has been sent/);
  expect(screen.getByTestId("firing-tile").dataset.level).toBe("ok");
  await waitFor(() => expect(screen.getByTestId("heartbeat").dataset.level).toBe("ok"));
});

test("a firing alert has its severity, its service and only safe links", async () => {
  const alert = { labels, annotations, state: "firing", activeAt: minutesAgo(2), value: "20" };
  serve({ ...quiet, "/api/prometheus/rules": rules(rule({ state: "firing", alerts: [alert] })) });
  renderAt("/alerts", <Alerts />);
  const card = await screen.findByTestId("alert-SloPaceBurn");
  expect(card.dataset).toMatchObject({ state: "firing", severity: "page" });
  expect(card.querySelector(".service")?.textContent).toBe("gateway");
  expect(card.textContent).toContain("Streams are late");
  expect(card.textContent).toContain("for 2 min");
  expect(within(card).getByText("Runbook").getAttribute("href")).toContain("/docs/runbooks/SloPaceBurn");
  expect(within(card).queryByText("Dashboard")).toBeNull();
  expect(screen.getByTestId("firing-tile").textContent).toContain("1 page, 0 tickets");
});

test("the history has one row for each incident, with its state and times", async () => {
  const over = { status: "resolved", receivedAt: minutesAgo(1), endsAt: minutesAgo(2) };
  const other = {
    fingerprint: "b2",
    labels: { ...labels, alertname: "TargetDown" },
    startsAt: minutesAgo(9),
  };
  serve({
    ...quiet,
    "/api/alertmanager/alerts": [{ fingerprint: "b2", labels: {}, startsAt: minutesAgo(9), status: {} }],
    "/api/alerts": inbox([sent(over), sent(), sent(other)], {
      incompleteGroups: [
        { receivedAt: minutesAgo(1), groupLabels: { alertname: "Storm" }, kept: 250, missing: 2750 },
      ],
    }),
  });
  renderAt("/alerts", <Alerts />);
  await screen.findByText("TargetDown");
  const rows = within(screen.getByTestId("sent")).getAllByRole("row").slice(1);
  expect(rows.map((row) => row.dataset.state)).toEqual(["firing", "resolved"]);
  const cells = (row: HTMLElement | undefined) =>
    [...(row?.querySelectorAll("td") ?? [])].map(({ textContent }) => textContent);
  expect(cells(rows[0])[6]).toContain("so far");
  expect(cells(rows[1]).slice(5, 7)).toEqual(["1 min", "2 min"]);
  expect(screen.getByTestId("incomplete-group").textContent).toContain(
    '2,750 more alerts of the group alertname="Storm"',
  );
});

test("an error of one backend does not hide the others", async () => {
  serve({ ...quiet, "/api/prometheus/rules": problem(503, "Prometheus cannot be reached") });
  renderAt("/alerts", <Alerts />);
  expect((await screen.findByRole("alert")).textContent).toContain("Prometheus cannot be reached");
  await screen.findByText(/No alert has been sent/);
});

test("the filter applies to alerts, incidents and rules, and is part of the URL", async () => {
  serve({ ...quiet, "/api/prometheus/rules": rules(rule(), rule({ name: "TargetDown" })) });
  renderAt("/alerts", <Alerts />);
  await screen.findByTestId("rule-TargetDown");
  fireEvent.change(screen.getByRole("searchbox"), { target: { value: "pace" } });
  await waitFor(() => expect(screen.queryByTestId("rule-TargetDown")).toBeNull());
  expect(screen.getByTestId("rule-SloPaceBurn")).toBeTruthy();
  expect(location.search).toBe("?q=pace");
});
