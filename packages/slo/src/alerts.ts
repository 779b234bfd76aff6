import { duration } from "./duration.ts";
import type { Profile, WindowPair } from "./profile.ts";
import { recorded } from "./recordings.ts";
import type { Slo } from "./slo.ts";

/** An alert as data: what Prometheus and Grafana both make a rule of. */
export interface AlertRule {
  readonly alert: string;
  /** PromQL that is empty when all is well. */
  readonly expr: string;
  /** How long it must hold, in seconds. */
  readonly holdFor: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly dashboard: DashboardLink;
}

export interface AlertOptions {
  /** Who evaluates the rule. */
  readonly origin: "prometheus" | "grafana";
  /** How that one's templates write the value of the expression, with one decimal. */
  readonly value: string;
  /** Texts as people read them, after the templates have run. */
  readonly expanded?: boolean;
}

const PROMETHEUS: AlertOptions = { origin: "prometheus", value: '{{ $value | printf "%.1f" }}' };

/** Fewer bad events than this are chance, whatever share of a low traffic they are. */
export const LEAST_BAD_EVENTS = 3;

/** The alerts of one kind of objective: `availability` → `SloAvailabilityBurn`. */
export const burnAlertName = (kind: string): string =>
  `Slo${kind.charAt(0).toUpperCase()}${kind.slice(1)}Burn`;

export const MISSING_ALERT_NAME = "SloDataMissing";

/** Every alert of an objective: one for each pair of windows, and one for no data at all. */
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
  const dashboard = dashboardOf(slo);
  return {
    alert,
    expr: [
      `${recorded("burnRate", slo, long)} > ${burnRate}`,
      `and ignoring (window) ${recorded("burnRate", slo, short)} > ${burnRate}`,
      `and round(${recorded("badEvents", slo, long)}) >= ${LEAST_BAD_EVENTS}`,
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
      summary: `${plain(slo.displayName, options)}: error budget burn rate over ${burnRate}`,
      description:
        `Over the last ${long} and also over the last ${short}, more than ${percent(burnRate * slo.budget)} of the events were bad, ` +
        `at least ${LEAST_BAD_EVENTS} of them in ${long}: a burn rate over ${burnRate}, now ${value}. At 1 the error budget ` +
        `(${percent(slo.budget)} in ${duration(profile.period)}) would just last. Objective: ${plain(slo.objective, options)}`,
      runbook_url: runbookUrl(alert),
      dashboard_url: dashboardUrl(dashboard),
    },
    dashboard,
  };
}

function missingAlert(slo: Slo, profile: Profile, options: AlertOptions): AlertRule {
  const dashboard = dashboardOf(slo);
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
      summary: `${plain(slo.displayName, options)}: nothing is measured`,
      description:
        `For ${duration(profile.holdFor.missing)} Prometheus has had no series for the events of this objective, so no other alert of it ` +
        `can fire. (No traffic is no reason: the counters would be there, standing still.) Objective: ${plain(slo.objective, options)}`,
      runbook_url: runbookUrl(MISSING_ALERT_NAME),
      dashboard_url: dashboardUrl(dashboard),
    },
    dashboard,
  };
}

const dashboardOf = (slo: Slo): DashboardLink => ({ uid: SLO_DASHBOARD, variables: { slo: slo.name } });

/** An author's text in an annotation: braces in it must not start a template. */
const plain = (text: string, { expanded }: AlertOptions) =>
  expanded ? text : text.replaceAll("{{", '{{ "{{" }}');

/** A share as text: 0.0144 → `1.44 %`. */
const percent = (share: number) => `${Number((share * 100).toPrecision(6))} %`;

/**
 * Where the links of alerts lead: the console, which runs in every mode. It serves `/docs/runbooks/<alert>` and
 * `/d/<dashboard uid>`. Prometheus cannot read the environment, so this is the console's default address.
 */
export const CONSOLE = "http://127.0.0.1:8000";

/** The page to open at 3 a.m.: docs/runbooks/<alert>.md, as the console shows it. */
export const runbookUrl = (alert: string): string => `${CONSOLE}/docs/runbooks/${alert}`;

/** A dashboard by its fixed uid, with its variables set. */
export function dashboardUrl({ uid, variables }: DashboardLink): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(variables)) query.set(`var-${name}`, value);
  return `${CONSOLE}/d/${uid}?${query}`;
}

export interface DashboardLink {
  readonly uid: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** The dashboard that shows an objective; grafana/src gives it this uid. */
export const SLO_DASHBOARD = "lab-slo";
