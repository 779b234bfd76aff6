import type { BackendState, ConsoleConfig, DashboardEntry } from "../../../shared/api.ts";
import { get } from "./http.ts";

export const readConfig = (signal?: AbortSignal) => get<ConsoleConfig>("/api/config", {}, signal);
export const readBackends = (signal?: AbortSignal) =>
  get<readonly BackendState[]>("/api/backends", {}, signal);
export const listDashboards = (signal?: AbortSignal) =>
  get<readonly DashboardEntry[]>("/api/dashboards", {}, signal);
/** Fetches a dashboard's JSON, which is not validated. */
export const readDashboard = (uid: string, signal?: AbortSignal) =>
  get<unknown>(`/api/dashboards/${encodeURIComponent(uid)}`, {}, signal);
