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
