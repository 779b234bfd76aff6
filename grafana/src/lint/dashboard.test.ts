import assert from "node:assert/strict";
import { test } from "node:test";
import * as units from "@grafana/grafana-foundation-sdk/units";
import {
  DASHBOARDS,
  type DashboardJson,
  filledBy,
  lintDashboard,
  type PanelJson,
  panelsOf,
  readDashboards,
  readDataSources,
  type TargetJson,
} from "../index.ts";

const dashboards = readDashboards();
const sources = readDataSources({});
const UNITS = new Set<unknown>(Object.values(units));

test("all dashboards exist, with the uids that alerts and links use", () => {
  assert.deepEqual(dashboards.map(({ uid }) => uid).sort(), Object.values(DASHBOARDS).sort());
});

for (const dashboard of dashboards)
  test(`${dashboard.uid} is valid: ids, grid, data sources, variables, links, legends`, () => {
    assert.deepEqual(lintDashboard(dashboard, dashboards, sources), []);
  });

test("every unit is known to Grafana", () => {
  const used = JSON.stringify(dashboards).matchAll(/"unit":"([^"]*)"|"id":"unit","value":"([^"]*)"/g);
  // `time:` and a format: Grafana accepts any format (getValueFormat).
  const strange = [...used]
    .map(([, one, other]) => one ?? other ?? "")
    .filter((unit) => !UNITS.has(unit) && !/^time:[HmsS:.]+$/.test(unit));
  assert.deepEqual(strange, []);
});

test("only panels that may be empty declare it", () => {
  const declared = dashboards.flatMap((dashboard) =>
    panelsOf(dashboard)
      .filter((panel) => filledBy(panel).length > 0)
      .map(({ title }) => `${dashboard.uid}: ${title}`),
  );
  assert.deepEqual(declared, [
    "lab-gateway: Calls by instance",
    "lab-gateway: Failed calls by instance",
    "lab-gateway: Latency by instance",
    "lab-gateway: Calls in progress by instance",
    "lab-gateway: Circuit breakers",
    "lab-gateway: Ejected instances",
    "lab-gateway: Retries by outcome",
    "lab-gateway: Share of retries",
    "lab-gateway: Fallbacks",
    "lab-gateway: Rate limited requests",
    "lab-gateway: Remembered clients",
    "lab-gateway: Cache hit ratio",
    "lab-gateway: Refused requests by reason",
    "lab-gateway: Share of refused requests",
    "lab-gateway: Keys of the issuer (JWKS)",
    "lab-load: Users",
    "lab-load: Requests by outcome",
    "lab-load: Latency: p50, p95, p99",
    "lab-logs: Errors by service",
    "lab-logs: Errors by message",
    "lab-overview: Firing alerts",
    "lab-service: Slow traces",
    "lab-service: Failed traces",
    "lab-slo: Alerts",
    "lab-traces: Slow traces",
    "lab-traces: Failed traces",
  ]);
});

type Change = (dashboard: DashboardJson) => DashboardJson;

/** Changes the first panel with a query. */
const panel =
  (change: (panel: PanelJson) => Partial<PanelJson>): Change =>
  (dashboard) => {
    const index = dashboard.panels.findIndex(({ targets }) => targets);
    const panels = dashboard.panels.map((one, at) => (at === index ? { ...one, ...change(one) } : one));
    return { ...dashboard, panels };
  };

/** Changes the panel with this title. */
const titled =
  (title: string, change: (panel: PanelJson) => Partial<PanelJson>): Change =>
  (dashboard) => ({
    ...dashboard,
    panels: dashboard.panels.map((one) => (one.title === title ? { ...one, ...change(one) } : one)),
  });

const target = (change: Partial<TargetJson>): Change =>
  panel(({ targets = [] }) => ({ targets: targets.map((one) => ({ ...one, ...change })) }));

const linkTo = (url: string): Change => panel(() => ({ links: [{ title: "a link", url }] }));

const FAULTS: Record<string, [Change, RegExp]> = {
  "an id twice": [panel(() => ({ id: 3 })), /two panels have the id 3/],
  "a title twice": [panel(() => ({ title: "Targets down" })), /two panels are called "Targets down"/],
  "an overlap": [panel(({ gridPos }) => ({ gridPos: { ...gridPos, w: 5 } })), /overlap/],
  "a panel outside the grid": [
    panel(({ gridPos }) => ({ gridPos: { ...gridPos, x: 21 } })),
    /outside the grid/,
  ],
  "no description": [panel(() => ({ description: "" })), /a title or a description is missing/],
  "an unknown kind of panel": [panel(() => ({ type: "piechart" })), /piechart is not supported/],
  "a question for a title": [
    (dashboard) => ({ ...dashboard, title: "All well?" }),
    /the title is a question/,
  ],
  "no question": [(dashboard) => ({ ...dashboard, description: "All." }), /which question it answers/],
  "a title that is too long": [
    panel(() => ({ title: "Requests at the edge" })),
    /only 1\d letters of the title fit/,
  ],
  "a time range of an unknown variable": [
    panel(() => ({ timeFrom: `\${gone}s` })),
    /its time range uses the unknown variable gone/,
  ],
  "columns without widths": [
    titled("Firing alerts", () => ({ fieldConfig: { defaults: {} } })),
    /"Firing alerts": its columns have no widths/,
  ],
  "columns that do not fit": [
    titled("Firing alerts", ({ fieldConfig }) => ({
      fieldConfig: {
        defaults: fieldConfig?.defaults ?? {},
        overrides: [
          {
            matcher: { id: "byName", options: "Alert" },
            properties: [{ id: "custom.width", value: 300 }],
          },
          ...(fieldConfig?.overrides ?? []),
        ],
      },
    })),
    /its columns need \d+ pixels/,
  ],
  "areas that cover one another": [
    titled("Rate by service", ({ fieldConfig }) => ({
      fieldConfig: { defaults: { ...fieldConfig?.defaults, custom: { fillOpacity: 10 } } },
    })),
    /more than three filled areas/,
  ],
  "a table that may be empty without a text": [
    titled("Firing alerts", ({ targets = [] }) => ({
      targets: targets.map((one) => ({ ...one, expr: "ALERTS" })),
    })),
    /"Firing alerts": it has no text/,
  ],
  "log lines that may be empty": [titled("Firing alerts", () => ({ type: "logs" })), /has no text/],
  "no query": [panel(() => ({ targets: [] })), /it has no query/],
  "a description without noValue": [
    panel(() => ({ description: "So. Empty when the system is healthy; filled by slow-a." })),
    /only valid together/,
  ],
  "noValue without a description": [
    panel(({ fieldConfig }) => ({
      fieldConfig: { defaults: { ...fieldConfig?.defaults, noValue: "fine" } },
    })),
    /only valid together/,
  ],
  "an unknown data source": [
    target({ datasource: { type: "prometheus", uid: "prom" } }),
    /unknown data source .*prom/,
  ],
  "an unknown variable": [target({ expr: 'up{job=~"$job"}' }), /unknown variable job/],
  "no field exemplar": [
    panel(({ targets = [] }) => ({ targets: targets.map(({ exemplar, ...rest }) => rest) })),
    /exemplar is missing/,
  ],
  "exemplars of a gauge": [target({ expr: "up", exemplar: true }), /only buckets have exemplars/],
  "no legend": [target({ legendFormat: "" }), /no legend/],
  "a query letter twice": [
    panel(({ targets = [] }) => ({ targets: [...targets, ...targets] })),
    /two queries are called A/,
  ],
  "a link to an unknown dashboard": [
    linkTo("/d/lab-gone?var-service=x"),
    /lab-gone, which is not a dashboard/,
  ],
  "a link with a variable too many": [
    linkTo("/d/lab-host?var-service=x"),
    /sets service, which lab-host does not have/,
  ],
  "a link from an unknown variable": [linkTo("/d/lab-logs?var-service=$job"), /uses job, which is not/],
};

for (const [fault, [change, says]] of Object.entries(FAULTS))
  test(`${fault} is detected`, () => {
    const overview = dashboards.find(({ uid }) => uid === DASHBOARDS.overview);
    assert.ok(overview);
    assert.match(lintDashboard(change(overview), dashboards, sources).join("\n"), says);
  });

test("a table of traces without a count above it is detected", () => {
  const traces = dashboards.find(({ uid }) => uid === DASHBOARDS.traces);
  assert.ok(traces);
  const change = titled("Failures", () => ({ fieldConfig: { defaults: {} } }));
  assert.deepEqual(lintDashboard(change(traces), dashboards, sources), [
    'lab-traces: "Failed traces": it has no text for an empty result',
  ]);
});
