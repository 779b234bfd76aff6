import type { Instrumentation } from "@opentelemetry/instrumentation";
import { correctOutcome, setTraceIdHeader } from "./http-hooks.ts";
import { nameByRoute } from "./outgoing-route.ts";
import { getNodeAutoInstrumentations } from "./packages.ts";
import { isUntraced } from "./untraced.ts";

/** Returns the instrumentations that the environment selects, with the settings of this package. */
export const configured = (): Instrumentation[] =>
  getNodeAutoInstrumentations({
    "@opentelemetry/instrumentation-http": {
      ignoreIncomingRequestHook: (request) => isUntraced(request.url),
      responseHook: setTraceIdHeader,
      applyCustomAttributesOnSpan: correctOutcome,
    },
    "@opentelemetry/instrumentation-undici": { requestHook: nameByRoute },
  });
