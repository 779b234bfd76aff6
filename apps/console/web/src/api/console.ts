import { get } from "./http.ts";

/** What the page has to know about where it runs. */
export interface Config {
  readonly version: string;
  /** Where Grafana runs, or null: links lead to the console's own views then. */
  readonly grafana: string | null;
  readonly token: string;
}

export interface Backend {
  readonly name: string;
  readonly up: boolean;
  /** What is wrong, in a sentence. */
  readonly problem?: string;
  /** What brings it back: a sentence with commands in backticks. */
  readonly fix?: string;
}

export interface DashboardEntry {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Why it cannot be shown. */
  readonly problem?: string;
}

export const readConfig = (signal?: AbortSignal) => get<Config>("/api/config", {}, signal);
export const readBackends = (signal?: AbortSignal) => get<readonly Backend[]>("/api/backends", {}, signal);
export const listDashboards = (signal?: AbortSignal) =>
  get<readonly DashboardEntry[]>("/api/dashboards", {}, signal);
/** A dashboard as it is in its file: anything may be in it. */
export const readDashboard = (uid: string, signal?: AbortSignal) =>
  get<unknown>(`/api/dashboards/${encodeURIComponent(uid)}`, {}, signal);
