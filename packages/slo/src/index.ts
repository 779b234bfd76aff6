export {
  type AlertOptions,
  type AlertRule,
  burnAlertName,
  LEAST_BAD_EVENTS,
  MISSING_ALERT_NAME,
  sloAlerts,
} from "./alerts.ts";
export { duration } from "./duration.ts";
export { CONSOLE, type DashboardLink, dashboardUrl, runbookUrl, SLO_DASHBOARD } from "./links.ts";
export {
  PROFILE_NAMES,
  PROFILES,
  type Profile,
  type ProfileName,
  type Severity,
  type WindowPair,
  windowsOf,
} from "./profile.ts";
export { readSloFolder, readSlos, SloDocumentError, type SloFolder } from "./read.ts";
export { recorded, SERIES } from "./series.ts";
export type { Slo } from "./slo.ts";
