export { type Credentials, type GrafanaClient, grafanaClient, short } from "./client.ts";
export { backendsThroughGrafana, dataSourceProxyUrl } from "./data-source-proxy.ts";
export { type DsQuery, dsQuery } from "./ds-query.ts";
export { column, countValues, exemplarIds, type Frame } from "./frames.ts";
export { queryDashboardByApi } from "./query-dashboard.ts";
