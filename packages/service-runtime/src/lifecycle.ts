import { drainMsVariable, readVariables } from "@lgtm-lab/contracts";
import { logger, shutdownTelemetry } from "@lgtm-lab/telemetry";
import * as v from "valibot";
import { collectGarbageAtRest } from "./collect-garbage.ts";

/** The variables of the stop of a service. */
const variables = v.object({ DRAIN_MS: drainMsVariable });
/** The time after that for responses to the calls that the stop ended, before connections are closed, in milliseconds. */
const CLOSE_MS = 2_000;
/** The time limit for the export of the last spans and log lines, in milliseconds. */
const FLUSH_MS = 5_000;

/** A server that can stop without losing a call. */
export interface Drainable {
  /**
   * Stops accepting calls. Settles when all accepted calls have their response, or when `closeSignal` aborts, which
   * closes their connections.
   */
  drain(closeSignal: AbortSignal): Promise<void>;
}

/** The state of a service, for readiness checks and running calls. */
export class Lifecycle {
  state: "starting" | "serving" | "draining" = "starting";
  readonly #shutdown = new AbortController();

  /** Aborts when the time to drain is over; calls that still run then must end with an error. */
  get shutdownSignal(): AbortSignal {
    return this.#shutdown.signal;
  }

  /** Drains all servers; takes at most `drainMs` + 2 s. */
  async drain(servers: readonly Drainable[], drainMs: number): Promise<void> {
    this.state = "draining";
    const timer = setTimeout(() => this.#shutdown.abort(new Error("the service is shutting down")), drainMs);
    const closeSignal = AbortSignal.timeout(drainMs + CLOSE_MS);
    await Promise.all(servers.map((server) => server.drain(closeSignal)));
    clearTimeout(timer);
  }
}

/**
 * Runs a service until SIGTERM or SIGINT: starts its servers, drains them, and flushes telemetry last, so that it
 * includes the last calls. The exit code is 0 after a clean stop and 1 if the start failed.
 */
export async function runService(lifecycle: Lifecycle, start: () => Promise<Drainable[]>): Promise<void> {
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  });
  try {
    const { DRAIN_MS } = readVariables(variables);
    const servers = await start();
    lifecycle.state = "serving";
    logger.info("ready");
    collectGarbageAtRest();
    const signal = await stopped;
    logger.info({ signal }, "draining");
    await lifecycle.drain(servers, DRAIN_MS);
    logger.info("stopped");
  } catch (error) {
    logger.fatal({ err: error }, "could not start");
    process.exitCode = 1;
  }
  await shutdownTelemetry({ timeoutMs: FLUSH_MS });
  // Open client sockets (gRPC channels, keep-alive pools) would keep the process alive.
  process.exit();
}
