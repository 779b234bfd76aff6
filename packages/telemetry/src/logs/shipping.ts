import { transport } from "pino";
import { complain } from "../delivery/complain.ts";
import { type Counters, newCounters, SHARED_COUNTERS_BYTES, sharedCounters } from "../delivery/counters.ts";
import { within } from "../delivery/within.ts";
import { env, serviceName } from "../env.ts";
import { bundle } from "./bundle.ts";
import { shipTo } from "./logger.ts";
import type { LokiWorkerOptions } from "./loki-worker.ts";

export interface Shipping {
  counters: Counters;
  /** Ends shipping: waits until Loki has every line, or `timeoutMs` is over. */
  stop(timeoutMs: number): Promise<void>;
}

/** Starts the worker thread that carries log lines to Loki; nothing when `LOKI_URL` is empty. */
export function startShipping(): Shipping {
  if (env.LOKI_URL === "") return { counters: newCounters(), stop: async () => {} };
  const memory = new SharedArrayBuffer(SHARED_COUNTERS_BYTES);
  const options: LokiWorkerOptions = {
    url: env.LOKI_URL,
    serviceName,
    capacity: env.TELEMETRY_LOG_BUFFER,
    counters: memory,
  };
  const worker = transport({
    target: new URL("./loki-worker.ts", import.meta.url).href,
    options,
    worker: { execArgv: [] }, // or it would preload this package again
  });
  let alive = true;
  const toWorker = bundle((lines) => {
    if (alive) worker.write(lines);
  });
  const flushToWorker = () => toWorker.flush();
  worker.on("error", (error: Error) => {
    alive = false;
    shipTo(undefined);
    complain(`the log worker died, lines now go to stdout only: ${error.message}`);
  });
  // Before pino's own listener, which waits for the worker and ends it.
  process.prependListener("exit", flushToWorker);
  shipTo(toWorker);
  return {
    counters: sharedCounters(memory),
    async stop(timeoutMs) {
      shipTo(undefined);
      toWorker.flush();
      await within(timeoutMs, new Promise((flushed) => worker.flush(flushed)));
      worker.end();
    },
  };
}
