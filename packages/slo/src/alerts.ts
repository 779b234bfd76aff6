import { duration } from "./duration.ts";
import type { Profile, WindowPair } from "./profile.ts";
import { recorded } from "./recordings.ts";
import type { Slo } from "./slo.ts";

/** An alert as data, from which a Prometheus rule or a Grafana rule is made. */
export interface AlertRule {
  readonly alert: string;
  /** PromQL; the alert is active while it returns a series. */
  readonly expr: string;
  /** The time for which the expression must hold before the alert fires, in seconds. */
  readonly holdFor: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly dashboard: DashboardLink;
}

/** The differences of an alert between Prometheus and Grafana. */
export interface AlertOptions {
  /** The system that evaluates the rule. */
  readonly origin: "prometheus" | "grafana";
  /** The template that prints the value of the expression with one decimal. */
  readonly value: string;
  /** Write the texts as they are after template expansion. */
  readonly expanded?: boolean;
}

const PROMETHEUS: AlertOptions = { origin: "prometheus", value: '{{ $value | printf "%.1f" }}' };

/** Fewer bad events than this never fire an alert: at low traffic, one or two failures are a large share by chance. */
export const MIN_BAD_EVENTS = 3;

/** Returns the alert name for a kind of objective: `availability` → `SloAvailabilityBurn`. */
export const burnAlertName = (kind: string): string =>
  `Slo${kind.charAt(0).toUpperCase()}${kind.slice(1)}Burn`;

/** The alert for an objective without data. */
export const MISSING_ALERT_NAME = "SloDataMissing";

/** Returns all alerts of an objective: one for each pair of windows, and one for missing data. */
export function sloAlerts(slo: Slo, profile: Profile, options: AlertOptions = PROMETHEUS): AlertRule[] {
  return [
    ...profile.pairs.map((pair) => burnAlert(slo, profile, pair, options)),
    missingAlert(slo, profile, options),
  ];
}

function burnAlert(slo: Slo, profile: Profile, pair: WindowPair, options: AlertOptions): AlertRule {
  const { origin, value } = options;
  const [short, long] = [duration(pair.short), duration(pair.long)];
  const { burnRate, severity } = pair;
  const alert = burnAlertName(slo.kind);
  const dashboard = dashboardFor(slo);
  return {
    alert,
    expr: [
      `${recorded("burnRate", slo, long)} > ${burnRate}`,
      `and ignoring (window) ${recorded("burnRate", slo, short)} > ${burnRate}`,
      `and round(${recorded("badEvents", slo, long)}) >= ${MIN_BAD_EVENTS}`,
    ].join("\n"),
    holdFor: profile.holdFor[severity],
    labels: {
      severity,
      slo: slo.name,
      service_name: slo.service,
      ...(slo.dependsOn !== undefined && { depends_on_service: slo.dependsOn }),
      window: long,
      profile: profile.name,
      origin,
    },
    annotations: {
      summary: `${escaped(slo.displayName, options)}: error budget burn rate over ${burnRate}`,
      description:
        `More than ${percent(burnRate * slo.budget)} of the events in the last ${long} and in the last ${short} were bad, at least ` +
        `${MIN_BAD_EVENTS} of them in ${long}. The burn rate is over ${burnRate}; it is now ${value}. A burn rate of 1 uses up the ` +
        `error budget (${percent(slo.budget)} in ${duration(profile.period)}) exactly. Objective: ${escaped(slo.objective, options)}`,
      runbook_url: runbookUrl(alert),
      dashboard_url: dashboardUrl(dashboard),
    },
    dashboard,
  };
}

function missingAlert(slo: Slo, profile: Profile, options: AlertOptions): AlertRule {
  const dashboard = dashboardFor(slo);
  return {
    alert: MISSING_ALERT_NAME,
    expr: `absent(sum(${slo.total}))`,
    holdFor: profile.holdFor.missing,
    labels: {
      severity: "page",
      slo: slo.name,
      service_name: slo.service,
      depends_on_service: slo.service,
      profile: profile.name,
      origin: options.origin,
    },
    annotations: {
      summary: `${escaped(slo.displayName, options)}: no data`,
      description:
        `Prometheus has had no series for the events of this objective for ${duration(profile.holdFor.missing)}, so its other ` +
        `alerts cannot fire. Low traffic is not the cause: without traffic the counters still exist and stay constant. ` +
        `Objective: ${escaped(slo.objective, options)}`,
      runbook_url: runbookUrl(MISSING_ALERT_NAME),
      dashboard_url: dashboardUrl(dashboard),
    },
    dashboard,
  };
}

const dashboardFor = (slo: Slo): DashboardLink => ({ uid: SLO_DASHBOARD, variables: { slo: slo.name } });

/** Escapes an author's text for an annotation, so that braces in it do not start a template. */
const escaped = (text: string, { expanded }: AlertOptions) =>
  expanded ? text : text.replaceAll("{{", '{{ "{{" }}');

/** Formats a share: 0.0144 → `1.44 %`. */
const percent = (share: number) => `${Number((share * 100).toPrecision(6))} %`;

/**
 * The console, which serves the pages that alerts link to: `/docs/runbooks/<alert>` and `/d/<dashboard uid>`.
 * Prometheus rules cannot read the environment, so this is the default address.
 */
export const CONSOLE = "http://127.0.0.1:8000";

/** Returns the address of an alert's runbook (docs/runbooks/<alert>.md) in the console. */
export const runbookUrl = (alert: string): string => `${CONSOLE}/docs/runbooks/${alert}`;

/** Returns the address of a dashboard in the console, with its variables set. */
export function dashboardUrl({ uid, variables }: DashboardLink): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(variables)) query.set(`var-${name}`, value);
  return `${CONSOLE}/d/${uid}?${query}`;
}

/** A dashboard, by uid, and the values of its variables. */
export interface DashboardLink {
  readonly uid: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** The uid of the dashboard that shows an objective; grafana/src defines it. */
export const SLO_DASHBOARD = "lab-slo";
