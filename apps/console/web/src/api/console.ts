import type { ConsoleConfig, DashboardEntry, LoadTestEntry, UpstreamState } from "../../../shared/api.ts";
import { get } from "./http.ts";

/** Fetches the page's settings. */
export const fetchConfig = (signal?: AbortSignal) => get<ConsoleConfig>("/api/config", {}, signal);
/** Fetches the state of each gateway and backend. */
export const fetchUpstreams = (signal?: AbortSignal) =>
  get<readonly UpstreamState[]>("/api/backends", {}, signal);
/** Fetches the list of dashboards. */
export const listDashboards = (signal?: AbortSignal) =>
  get<readonly DashboardEntry[]>("/api/dashboards", {}, signal);
/** Fetches a dashboard's JSON, which is not validated. */
export const fetchDashboard = (uid: string, signal?: AbortSignal) =>
  get<unknown>(`/api/dashboards/${encodeURIComponent(uid)}`, {}, signal);
/** Fetches the results of `lab load`, newest first. */
export const listLoadTests = (signal?: AbortSignal) => get<readonly LoadTestEntry[]>("/api/load", {}, signal);
