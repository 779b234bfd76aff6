/** The provisioned data sources (grafana/provisioning/datasources), by their fixed uids. */
export const DATA_SOURCES = {
  prometheus: { type: "prometheus", uid: "prometheus" },
  tempo: { type: "tempo", uid: "tempo" },
  loki: { type: "loki", uid: "loki" },
  alertmanager: { type: "alertmanager", uid: "alertmanager" },
} as const;

export type DataSourceName = keyof typeof DATA_SOURCES;

/** The uids of the dashboards. Alerts (packages/slo, prometheus/rules) and links use them, so they never change. */
export const DASHBOARDS = {
  overview: "lab-overview",
  service: "lab-service",
  gateway: "lab-gateway",
  streaming: "lab-streaming",
  slo: "lab-slo",
  logs: "lab-logs",
  traces: "lab-traces",
  pipeline: "lab-pipeline",
  load: "lab-load",
  host: "lab-host",
} as const;

export type DashboardName = keyof typeof DASHBOARDS;
