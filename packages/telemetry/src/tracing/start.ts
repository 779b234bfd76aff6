import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { defaultResource, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { Counters } from "../delivery/counters.ts";
import { env } from "../env.ts";
import { listenToDiagnostics } from "./diagnostics.ts";
import { instrumentations } from "./instrumentations.ts";
import { otlpSender } from "./otlp-sender.ts";
import { rpcConventions } from "./rpc-semconv.ts";
import { sampler } from "./sampler.ts";
import { serverCalls } from "./server-calls.ts";
import { BufferingSpanExporter, spanBatches } from "./span-exporter.ts";

export interface Tracing {
  /** Ends tracing: waits until the collector has every ended span, or `timeoutMs` is over. */
  stop(timeoutMs: number): Promise<void>;
}

/** Starts tracing, as configured by the environment. Totals go to `counters`; at most `capacityBytes` wait. */
export function startTracing(counters: Counters, capacityBytes: number): Tracing {
  const capacity = env.TELEMETRY_SPAN_BUFFER;
  listenToDiagnostics();
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const sender = otlpSender(endpoint, env.OTEL_EXPORTER_OTLP_TIMEOUT);
  const exporter = new BufferingSpanExporter({ sender, capacity, capacityBytes, counters });
  const batches = spanBatches(exporter, { capacity });
  const sdk = new NodeSDK({
    instrumentations,
    sampler,
    spanProcessors: [serverCalls, rpcConventions, batches],
    resource: defaultResource().merge(
      resourceFromAttributes({
        "service.instance.id": randomUUID(),
        "host.name": hostname(),
        "process.pid": process.pid,
      }),
    ),
    resourceDetectors: [envDetector], // whatever OTEL_RESOURCE_ATTRIBUTES names wins; the others cost time and say little
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  return {
    async stop(timeoutMs) {
      await batches.forceFlush();
      await exporter.flush(timeoutMs);
      await sdk.shutdown();
    },
  };
}
