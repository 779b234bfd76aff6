import type { DashboardLink } from "@grafana/grafana-foundation-sdk/dashboard";
import { DASHBOARDS, type DashboardName } from "./uids.ts";

/** A link on a series, a point or a cell. */
export interface DataLink {
  readonly title: string;
  readonly url: string;
}

/** To another dashboard over the same time, with its variables set: `to("service", "…", { service: label("service_name") })`. */
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

/** The value of a label of the series that was clicked. */
export const label = (name: string): string => `\${__field.labels.${name}}`;

/** The value of the table cell that was clicked. */
export const CELL = `\${__value.raw}`;

/** Everything a service tells, for panels whose series are labelled `service_name`. */
export const ofService: readonly DataLink[] = [
  to("service", `Service: ${label("service_name")}`, { service: label("service_name") }),
  to("traces", `Traces of ${label("service_name")}`, { service: label("service_name") }),
  to("logs", `Logs of ${label("service_name")}`, { service: label("service_name") }),
];

/** A data link as the SDK's builders take it. Grafana reads no more of it than this. */
export const built = ({ title, url }: DataLink): { build: () => DashboardLink } => ({
  build: () => ({ title, url, targetBlank: false }) as DashboardLink,
});
