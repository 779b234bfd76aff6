import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { defaultResource, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { ConsoleSpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import type { Counters } from "../delivery/counters.ts";
import { report } from "../delivery/report.ts";
import { certificateHints, reportStalledDelivery } from "../delivery/report-stalled.ts";
import {
  env,
  httpSettings,
  optimized,
  resourceDetectorsChosen,
  serviceName,
  spanLimits,
  traceSettings,
} from "../env.ts";
import { contextManager } from "./context-manager.ts";
import { listenToDiagnostics } from "./diagnostics.ts";
import { instrumentations } from "./instrumentations.ts";
import { NodeSDK } from "./metapackages.ts";
import { type OtlpSender, otlpSender } from "./otlp-sender.ts";
import { rpcConventions } from "./rpc-semconv.ts";
import { chosenSampler } from "./sampler.ts";
import { serverSpanProcessor } from "./server-spans.ts";
import { BufferingSpanExporter, spanBatches } from "./span-exporter.ts";

export interface Tracing {
  /** Stops tracing. Waits until the collector has every ended span, but at most `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
}

/** Starts tracing, as configured by the environment. Counts in `counters`; queues at most `capacityBytes`. */
export function startTracing(counters: Counters, capacityBytes: number): Tracing {
  const { exporters } = traceSettings;
  const otlp = exporters.has("otlp") ? exportByOtlp(counters, capacityBytes) : undefined;
  const sdk = new NodeSDK({
    ...(optimized && { contextManager }),
    instrumentations,
    sampler: chosenSampler(),
    spanLimits,
    spanProcessors: [
      serverSpanProcessor,
      rpcConventions,
      ...(otlp ? [otlp.batches] : []),
      ...(exporters.has("console") ? [new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() })] : []),
    ],
    serviceName,
    resource: defaultResource().merge(
      resourceFromAttributes({
        "service.instance.id": randomUUID(),
        "host.name": hostname(),
        "process.pid": process.pid,
      }),
    ),
    // OTEL_RESOURCE_ATTRIBUTES has priority. The other detectors cost time and add little, so they must be selected.
    ...(!resourceDetectorsChosen && { resourceDetectors: [envDetector] }),
    metricReaders: [],
    logRecordProcessors: [],
  });
  // Runs after the SDK is created, because the SDK installs its own logger if OTEL_LOG_LEVEL is set.
  listenToDiagnostics();
  sdk.start();
  return {
    async stop(timeoutMs) {
      await otlp?.batches.forceFlush();
      await otlp?.exporter.flush(timeoutMs);
      await sdk.shutdown();
    },
  };
}

function exportByOtlp(counters: Counters, capacityBytes: number) {
  const capacity = env.TELEMETRY_SPAN_BUFFER;
  const { receiver, batchDelayMs, batchSpans } = traceSettings;
  const reportReceiver = (message: string) => report(`${receiver.setting}: ${message}`);
  const sender = configuredSender();
  const exporter = new BufferingSpanExporter({
    sender: {
      ...sender,
      send: reportStalledDelivery(sender.send, {
        items: "spans",
        hint: receiver.hint,
        certificates: certificateHints("OTEL_EXPORTER_OTLP_CERTIFICATE", receiver.tls),
        report: reportReceiver,
      }),
    },
    capacity,
    capacityBytes,
    counters,
    report: reportReceiver,
  });
  const batches = spanBatches(exporter, { capacity, delayMs: batchDelayMs, batchSpans });
  return { exporter, batches };
}

/** Loaded only if it is selected: most users use gRPC. */
function configuredSender(): OtlpSender {
  const { protocol, receiver, timeoutMs } = traceSettings;
  if (protocol === "grpc") return otlpSender(receiver.url, timeoutMs);
  const { otlpHttpSender } = createRequire(import.meta.url)(
    "./otlp-http-sender.ts",
  ) as typeof import("./otlp-http-sender.ts");
  return otlpHttpSender({
    ...httpSettings(),
    url: receiver.url,
    json: protocol === "http/json",
    timeoutMs,
    ...(receiver.tls && { tls: receiver.tls }),
  });
}
