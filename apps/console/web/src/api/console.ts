import type { BackendState, ConsoleConfig, DashboardEntry } from "../../../shared/api.ts";
import { get } from "./http.ts";

/** Fetches the page's settings. */
export const readConfig = (signal?: AbortSignal) => get<ConsoleConfig>("/api/config", {}, signal);
/** Fetches the state of each backend. */
export const readBackends = (signal?: AbortSignal) =>
  get<readonly BackendState[]>("/api/backends", {}, signal);
/** Fetches the list of dashboards. */
export const listDashboards = (signal?: AbortSignal) =>
  get<readonly DashboardEntry[]>("/api/dashboards", {}, signal);
/** Fetches a dashboard's JSON, which is not validated. */
export const readDashboard = (uid: string, signal?: AbortSignal) =>
  get<unknown>(`/api/dashboards/${encodeURIComponent(uid)}`, {}, signal);
