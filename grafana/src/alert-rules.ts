import { createHash } from "node:crypto";
import {
  type AlertRule,
  duration,
  PROFILES,
  type Profile,
  readSlos,
  type Slo,
  sloAlerts,
} from "@lgtm-lab/slo";
import { stringify } from "yaml";
import { dashboards } from "./dashboards/index.ts";
import { BUDGETS, burnRateTitle } from "./dashboards/slo.ts";
import { DATA_SOURCES } from "./uids.ts";

/** The value of the query in Grafana's templates. In Prometheus it is `$value`. */
const VALUE = '{{ printf "%.1f" $values.A.Value }}';

/**
 * A separate folder: Grafana creates it before the folder of the dashboards, and two with the same name would conflict.
 */
const ALERT_FOLDER = "lgtm-lab alerts";

/** Grafana evaluates rules every 10 s or at multiples of it; it rejects any other interval. */
const TICK = 10;
const toTick = (seconds: number) => Math.ceil(seconds / TICK) * TICK;

/**
 * Returns the alerts of every objective as Grafana-managed rules, in Grafana's provisioning format: the same conditions
 * on the same recorded series as Prometheus's rules. The label `origin: grafana` distinguishes them (see
 * notification-policies.yaml). Provisioning does not expand annotations and queries, but it expands labels, so no label
 * may contain a `$`.
 */
export function alertRuleFile(profile: Profile = PROFILES.demo, slos: readonly Slo[] = readSlos()): string {
  const groups = slos.flatMap((slo) => {
    const rules = sloAlerts(slo, profile, { origin: "grafana", value: VALUE });
    return (["page", "ticket"] as const).map((severity) => ({
      orgId: 1,
      name: `${slo.name}:${severity}`,
      folder: ALERT_FOLDER,
      interval: duration(toTick(profile.interval[severity])),
      rules: rules
        .filter(({ labels }) => labels.severity === severity)
        .map((rule) => provisioned(rule, profile)),
    }));
  });
  return `${header(profile)}\n${stringify({ apiVersion: 1, groups }, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

const header = ({ name }: Profile) =>
  `# Generated from slo/*.yaml by grafana/src for the profile "${name}". Do not edit: node grafana/src/generate.ts`;

function provisioned(rule: AlertRule, profile: Profile) {
  const { alert, expr, holdFor, labels, annotations, dashboard } = rule;
  const identity = [labels.slo, alert, labels.window ?? ""];
  return {
    uid: `lab-${createHash("sha256").update(identity.join("\n")).digest("hex").slice(0, 16)}`,
    title: identity.filter(Boolean).join(" "), // unique in its folder; Grafana makes it the label alertname
    condition: "B",
    data: [query(expr), aboveZero()],
    dashboardUid: dashboard.uid,
    panelId: panelOf(labels, profile),
    noDataState: "OK", // no alert: the expression is empty
    execErrState: "Error",
    for: duration(holdFor),
    labels: { ...labels },
    annotations: { ...annotations },
    isPaused: false,
  };
}

/** Returns the panel that shows the burn rate in the windows of this alert; for missing data, the budgets. */
function panelOf({ window }: AlertRule["labels"], { pairs }: Profile): number {
  const pair = pairs.find(({ long }) => duration(long) === window);
  const title = pair ? burnRateTitle(pair) : BUDGETS;
  const id = dashboards.slo.panels?.find((panel) => panel.title === title)?.id;
  if (id === undefined) throw new Error(`the SLO dashboard has no panel "${title}"`);
  return id;
}

const RANGE = { from: 600, to: 0 };

const query = (expr: string) => ({
  refId: "A",
  relativeTimeRange: RANGE,
  datasourceUid: DATA_SOURCES.prometheus.uid,
  model: {
    refId: "A",
    datasource: DATA_SOURCES.prometheus,
    editorMode: "code",
    expr,
    instant: true,
    range: false,
    intervalMs: 1000,
    maxDataPoints: 43_200,
  },
});

/** Fires for each series of the expression, which already contains the threshold. */
const aboveZero = () => ({
  refId: "B",
  relativeTimeRange: RANGE,
  datasourceUid: "__expr__",
  model: {
    refId: "B",
    datasource: { type: "__expr__", uid: "__expr__" },
    type: "threshold",
    expression: "A",
    conditions: [{ type: "query", evaluator: { type: "gt", params: [0] } }],
  },
});
