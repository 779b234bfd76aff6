import type { Environment } from "../env.ts";
import type { Ports } from "../ports.ts";
import type { Report } from "../report/events.ts";
import type { Slots } from "../resolve/slots.ts";
import type { TargetLists } from "../state/targets.ts";
import type { RestartPolicy } from "./restart-policy.ts";

/** What all components of one stack share. */
export interface Scene {
  readonly root: string;
  readonly state: string;
  readonly ports: Ports;
  readonly environment: Environment;
  /** More environment for single components, by name, which wins over everything. */
  readonly overrides: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly restartPolicy: RestartPolicy;
  readonly faultToken: string;
  /** Whether a component is to be killed at each start (the fault crash-b). */
  readonly isDoomed: (name: string) => boolean;
  /** The targets that Prometheus scrapes. */
  readonly targets: TargetLists;
  /** Time after which a component that is not ready counts as down, in milliseconds since its program was available. */
  readonly targetAfterMs: number;
  readonly slots: Slots;
  readonly report: Report;
  /** Aborts when the stack is to come down. */
  readonly signal: AbortSignal;
}
