import { fromStored, type LoadResult } from "@lgtm-lab/load/result";
import type {
  ConsoleConfig,
  DashboardEntry,
  GatewayEntry,
  LoadTestEntry,
  UpstreamState,
} from "../../../shared/api.ts";
import { get } from "./http.ts";

/** Fetches the page's settings. */
export const fetchConfig = (signal?: AbortSignal) => get<ConsoleConfig>("/api/config", {}, signal);
/** Fetches the state of each gateway and backend. */
export const fetchUpstreams = (signal?: AbortSignal) =>
  get<readonly UpstreamState[]>("/api/backends", {}, signal);
/** Fetches the state of each gateway: its routes, and the instances behind it. */
export const fetchGateways = (signal?: AbortSignal) =>
  get<readonly GatewayEntry[]>("/api/gateways", {}, signal);
/** Fetches the list of dashboards. */
export const listDashboards = (signal?: AbortSignal) =>
  get<readonly DashboardEntry[]>("/api/dashboards", {}, signal);
/** Fetches a dashboard's JSON, which is not validated. */
export const fetchDashboard = (uid: string, signal?: AbortSignal) =>
  get<unknown>(`/api/dashboards/${encodeURIComponent(uid)}`, {}, signal);

/** A load test, with its result converted from the stored format. */
export interface LoadTest extends Omit<LoadTestEntry, "result"> {
  readonly result?: LoadResult;
}

/** Fetches the results of `lab load`, newest first. */
export async function listLoadTests(signal?: AbortSignal): Promise<readonly LoadTest[]> {
  const entries = await get<readonly LoadTestEntry[]>("/api/load", {}, signal);
  return entries.map(({ result, ...entry }) => ({ ...entry, ...(result && { result: fromStored(result) }) }));
}
