export {
  type AlertOptions,
  type AlertRule,
  burnAlertName,
  CONSOLE,
  type DashboardLink,
  dashboardUrl,
  MIN_BAD_EVENTS,
  MISSING_ALERT_NAME,
  runbookUrl,
  SLO_DASHBOARD,
  sloAlerts,
} from "./alerts.ts";
export { duration } from "./duration.ts";
export { driftOf, type Generated, runGenerator, writeGenerated } from "./generated-files.ts";
export {
  PROFILES,
  type Profile,
  type Severity,
  type WindowPair,
  windowsOf,
} from "./profile.ts";
export { readSloFolder, readSlos, SloDocumentError, type SloFolder } from "./read.ts";
export { recorded, SERIES } from "./recordings.ts";
export type { Slo } from "./slo.ts";
