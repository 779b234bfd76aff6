import { logger, shutdownTelemetry } from "@lgtm-lab/telemetry";

/** How long calls that were received before the stop may still run, in milliseconds. */
export const DRAIN_MS = 10_000;
/** How long a server gets after that to answer its cut-off calls before its connections are closed, in milliseconds. */
const CLOSE_MS = 2_000;
/** How long the last spans and log lines may take to leave, in milliseconds. */
const FLUSH_MS = 5_000;

/** Something that accepts calls, and can stop doing so without losing one. */
export interface Draining {
  /** Accepts no new call; settles when every accepted one is answered, or `cutOff` has ended the rest. */
  drain(cutOff: AbortSignal): Promise<void>;
}

/** Where a service is between its start and its end; read by readiness checks and by long calls. */
export class Lifecycle {
  state: "starting" | "serving" | "draining" = "starting";
  readonly #cutOff = new AbortController();

  /** Aborted {@link DRAIN_MS} after the stop began: whatever still runs then must end with an error. */
  get cutOff(): AbortSignal {
    return this.#cutOff.signal;
  }

  /** Drains every server, at most {@link DRAIN_MS} + 2 s. */
  async drain(servers: readonly Draining[]): Promise<void> {
    this.state = "draining";
    const cutOff = setTimeout(() => this.#cutOff.abort(new Error("the service is shutting down")), DRAIN_MS);
    const closed = AbortSignal.timeout(DRAIN_MS + CLOSE_MS);
    await Promise.all(servers.map((server) => server.drain(closed)));
    clearTimeout(cutOff);
  }
}

/**
 * Runs a service until SIGTERM or SIGINT: starts its servers, then drains them, then flushes telemetry last, so that the
 * spans and lines of the last calls leave too. Exits 0 after a clean stop, 1 when the start failed.
 */
export async function runService(lifecycle: Lifecycle, start: () => Promise<Draining[]>): Promise<void> {
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  });
  try {
    const servers = await start();
    lifecycle.state = "serving";
    logger.info("ready");
    const signal = await stopped;
    logger.info({ signal }, "draining");
    await lifecycle.drain(servers);
    logger.info("stopped");
  } catch (error) {
    logger.fatal({ err: error }, "could not start");
    process.exitCode = 1;
  }
  await shutdownTelemetry({ timeoutMs: FLUSH_MS });
  // Sockets of clients (gRPC channels, keep-alive pools) would hold the process for as long as their peers live.
  process.exit();
}
