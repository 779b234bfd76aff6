import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import type { DashboardName } from "../uids.ts";
import { gatewayDashboard } from "./gateway.ts";
import { host } from "./host.ts";
import { load } from "./load.ts";
import { logsDashboard } from "./logs.ts";
import { overview } from "./overview.ts";
import { pipeline } from "./pipeline.ts";
import { serviceDashboard } from "./service.ts";
import { sloDashboard } from "./slo.ts";
import { streaming } from "./streaming.ts";
import { tracesDashboard } from "./traces.ts";

/** Every dashboard, by the name of its file. */
export const dashboards: Readonly<Record<DashboardName, Dashboard>> = {
  overview,
  service: serviceDashboard,
  gateway: gatewayDashboard,
  streaming,
  slo: sloDashboard,
  logs: logsDashboard,
  traces: tracesDashboard,
  pipeline,
  load,
  host,
};
