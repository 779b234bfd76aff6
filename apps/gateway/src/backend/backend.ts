import type { HelloParams } from "@lgtm-lab/contracts";
import type { Call, Dependencies, NumbersSource } from "@lgtm-lab/kit";

/** What the gateway needs of A and B, over whichever protocol. Each method throws a `Problem` when the service fails. */
export interface Backend extends NumbersSource {
  /** Service A's greeting. */
  greet(params: HelloParams, call: Call): Promise<string>;
  /** Whether each service says that it is ready; at most 0.5 s. */
  probe(): Promise<Dependencies>;
  /** Lets go of its connections once the calls at hand are over. */
  close(): void;
}

/** How long a readiness probe of one service may take, in milliseconds. */
export const PROBE_MS = 500;
