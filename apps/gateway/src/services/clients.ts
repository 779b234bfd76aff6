import type { HelloParams } from "@lgtm-lab/contracts";
import type { Call, Dependencies, NumbersSource } from "@lgtm-lab/service-runtime";

/**
 * The gateway's access to A and B, over either protocol. `greet`, `stream` and `collect` throw a `Problem` on failure.
 */
export interface ServiceClients extends NumbersSource {
  /** Requests a greeting from service A. */
  greet(params: HelloParams, call: Call): Promise<string>;
  /** Returns whether each service is ready, after at most {@link PROBE_MS}. */
  probe(): Promise<Dependencies>;
  /** Closes the connections when the running calls are done. */
  close(): void;
}

/** The time limit of a readiness probe of one service, in milliseconds. */
export const PROBE_MS = 500;
