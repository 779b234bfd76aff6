import type { Instrumentation } from "@opentelemetry/instrumentation";
import { isExcluded } from "./excluded-paths.ts";
import { correctOutcome, setTraceIdHeader } from "./http-hooks.ts";
import { getNodeAutoInstrumentations } from "./metapackages.ts";
import { nameByRoute } from "./outgoing-route.ts";

// Loaded by instrumentations.ts only if traces are enabled: metapackages.ts loads most of OpenTelemetry.

/** Returns the instrumentations that the environment selects, with the settings of this package. */
export const configuredInstrumentations = (): Instrumentation[] =>
  getNodeAutoInstrumentations({
    "@opentelemetry/instrumentation-http": {
      ignoreIncomingRequestHook: (request) => isExcluded(request.url),
      responseHook: setTraceIdHeader,
      applyCustomAttributesOnSpan: correctOutcome,
    },
    "@opentelemetry/instrumentation-undici": { requestHook: nameByRoute },
  });
