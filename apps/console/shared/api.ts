import type { GatewayState, IncompleteGroup, StoredAlert } from "@lgtm-lab/contracts";
import type { StoredResult } from "@lgtm-lab/load/result";

// The JSON between the console's server and its page. Types only, so that neither loads code of the other.

/** `GET /api/config`. */
export interface ConsoleConfig {
  /** Grafana's address for a browser, or null if Grafana does not run. */
  readonly grafana: string | null;
  /** The console token: the value of the header `x-lab-token`, required for every write. */
  readonly token: string;
}

/** The state of one upstream (a gateway or a backend), in `GET /api/backends`. */
export interface UpstreamState {
  readonly name: string;
  readonly up: boolean;
  /** A sentence that describes the problem. */
  readonly problem?: string;
  /** A sentence that describes the fix, with commands in backticks. */
  readonly fix?: string;
}

/** A dashboard in `GET /api/dashboards`. */
export interface DashboardEntry {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** The reason why the dashboard cannot be shown. */
  readonly problem?: string;
}

/** A fault, in the response of every request below `/api/faults`. */
export interface FaultEntry {
  readonly name: string;
  /** What it does, in one line: "service A takes 400 ms longer for each call". */
  readonly effect: string;
  /** The end of the fault (ISO 8601), or null if it is not active. */
  readonly until: string | null;
  /** The reason why the fault cannot be set now. */
  readonly unavailableReason?: string;
}

/** A gateway, in `GET /api/gateways`. */
export interface GatewayEntry {
  readonly name: string;
  /** Distinguishes several processes of a gateway. */
  readonly address: string;
  readonly state?: GatewayState;
  /** The reason why its state is not known. */
  readonly problem?: string;
}

/** `GET /api/alerts`: the received alerts, newest first. */
export interface AlertInbox {
  readonly alerts: readonly StoredAlert[];
  /** The firing alerts. */
  readonly firing: readonly StoredAlert[];
  /** The groups with missing alerts. */
  readonly incompleteGroups: readonly IncompleteGroup[];
  readonly heartbeat: { readonly lastSeenAt: string | null };
}

/** A load test in `GET /api/load`. */
export interface LoadTestEntry {
  /** The name of its folder: the time of its start. */
  readonly time: string;
  /** Whether `/load/<time>/report.html` exists. */
  readonly report: boolean;
  readonly result?: StoredResult;
  /** The reason why there is no result. */
  readonly problem?: string;
}
