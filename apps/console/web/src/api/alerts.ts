import {
  type HeldAlert,
  type Inbox,
  type RuleGroup,
  readHeld,
  readInbox,
  readRules,
} from "./alert-shapes.ts";
import { get } from "./http.ts";
import { query, type Series } from "./prometheus.ts";

/** Prometheus's alerting rules with the alerts that they raise now. */
export const listRules = async (signal?: AbortSignal): Promise<RuleGroup[]> =>
  readRules(await get<unknown>("/api/prometheus/rules", { type: "alert" }, signal));

/** What Alertmanager (or Grafana) has sent, newest first. */
export const listInbox = async (limit: number, signal?: AbortSignal): Promise<Inbox> =>
  readInbox(await get<unknown>("/api/alerts", { limit }, signal));

/** The alerts that Alertmanager holds now. */
export const listHeld = async (signal?: AbortSignal): Promise<HeldAlert[]> =>
  readHeld(await get<unknown>("/api/alertmanager/alerts", {}, signal));

/** Each evaluation at which a page was pending or fired, between two times (milliseconds). */
export const pageSeries = (from: number, to: number, signal?: AbortSignal): Promise<Series[]> => {
  const range = Math.max(1, Math.ceil((to - from) / 1000));
  return query(`ALERTS{severity="page"}[${range}s]`, to / 1000, signal);
};
