import { Histogram } from "prom-client";
import { exemplarOf } from "../tracing/active.ts";
import { registry } from "./registry.ts";

const streamExcess = new Histogram({
  name: "lab_stream_excess_seconds",
  help: "How much longer a stream took than was asked for. A stalled stream is observed when its deadline expires.",
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5],
  enableExemplars: true,
  registers: [registry],
});

/** Observes one stream: its duration minus the requested duration, in seconds, at least 0. */
export function observeStreamExcess(seconds: number): void {
  streamExcess.observe({ value: Math.max(0, seconds), exemplarLabels: exemplarOf() });
}
