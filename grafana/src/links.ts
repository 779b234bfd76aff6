import type { DashboardLink } from "@grafana/grafana-foundation-sdk/dashboard";
import { DASHBOARDS, type DashboardName } from "./uids.ts";

/** A link on a series, a point or a cell. */
export interface DataLink {
  readonly title: string;
  readonly url: string;
}

/**
 * Returns a link to another dashboard with the same time range and the given variables: `to("service", "…", { service:
 * label("service_name") })`.
 */
export function to(
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
export const ofService: readonly DataLink[] = [
  to("service", `Service: ${label("service_name")}`, { service: label("service_name") }),
  to("traces", `Traces of ${label("service_name")}`, { service: label("service_name") }),
  to("logs", `Logs of ${label("service_name")}`, { service: label("service_name") }),
];

/** Returns a data link as the SDK's builders accept it. Grafana reads only these fields. */
export const built = ({ title, url }: DataLink): { build: () => DashboardLink } => ({
  build: () => ({ title, url, targetBlank: false }) as DashboardLink,
});
