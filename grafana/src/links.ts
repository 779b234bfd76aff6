import type { DashboardLink } from "@grafana/grafana-foundation-sdk/dashboard";
import { DASHBOARDS, type DashboardName } from "./uids.ts";

/** A link on a series, a point or a cell. */
export interface DataLink {
  readonly title: string;
  readonly url: string;
}

/**
 * Returns a link to another dashboard with the same time range and the given variables:
 * `linkTo("service", "…", { service: label("service_name") })`.
 */
export function linkTo(
  dashboard: DashboardName,
  title: string,
  variables: Readonly<Record<string, string>> = {},
): DataLink {
  const query = Object.entries(variables).map(([name, value]) => `var-${name}=${value}`);
  return {
    title,
    url: `/d/${DASHBOARDS[dashboard]}?${[...query, `\${__url_time_range}`].join("&")}`,
  };
}

/** Returns the value of a label of the series that was clicked. */
export const label = (name: string): string => `\${__field.labels.${name}}`;

/** The value of the table cell that was clicked. */
export const CELL = `\${__value.raw}`;

/** Links to all telemetry of a service, for panels whose series have the label `service_name`. */
export const serviceLinks: readonly DataLink[] = [
  linkTo("service", `Service: ${label("service_name")}`, { service: label("service_name") }),
  linkTo("traces", `Traces of ${label("service_name")}`, { service: label("service_name") }),
  linkTo("logs", `Logs of ${label("service_name")}`, { service: label("service_name") }),
];

/** Returns a data link in the form that the SDK accepts. Grafana reads only these fields. */
export const linkBuilder = ({ title, url }: DataLink): { build: () => DashboardLink } => ({
  build: () => ({ title, url, targetBlank: false }) as DashboardLink,
});
