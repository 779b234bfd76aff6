import type { StoredAlert, StoredCut } from "@lgtm-lab/contracts";

// The JSON that the console's server and its page exchange. Types only, so that neither loads anything of the other.

/** `GET /api/config`. */
export interface ConsoleConfig {
  /** Grafana's address for a browser, or null if Grafana does not run. */
  readonly grafana: string | null;
  /** The value of the header `x-lab-token`, which every write needs. */
  readonly token: string;
}

/** The state of one backend, in `GET /api/backends`. */
export interface BackendState {
  readonly name: string;
  readonly up: boolean;
  /** What is wrong, in a sentence. */
  readonly problem?: string;
  /** How to fix it: a sentence with commands in backticks. */
  readonly fix?: string;
}

/** A dashboard in `GET /api/dashboards`. */
export interface DashboardEntry {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Why it cannot be shown. */
  readonly problem?: string;
}

/** A fault scenario, in the response of every request below `/api/faults`. */
export interface FaultState {
  readonly name: string;
  readonly does: string;
  /** ISO 8601; null while it is not active. */
  readonly until: string | null;
  /** Whether it can be set at this moment. */
  readonly available: boolean;
  /** Why not. */
  readonly problem?: string;
}

/** `GET /api/alerts`: what the inbox received, newest first. */
export interface AlertInbox {
  readonly alerts: readonly StoredAlert[];
  /** The alerts that fire. */
  readonly firing: readonly StoredAlert[];
  /** The groups of which some alerts are not stored. */
  readonly cut: readonly StoredCut[];
  readonly heartbeat: { readonly lastSeenAt: string | null };
}
