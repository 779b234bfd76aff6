import type { Instrumentation } from "@opentelemetry/instrumentation";
import { correctOutcome, tellTraceId } from "./http-hooks.ts";
import { nameByRoute } from "./outgoing-route.ts";
import { getNodeAutoInstrumentations } from "./packages.ts";
import { isUntraced } from "./untraced.ts";

/** The instrumentations that the environment names, set up as this package wants them. */
export const configured = (): Instrumentation[] =>
  getNodeAutoInstrumentations({
    "@opentelemetry/instrumentation-http": {
      ignoreIncomingRequestHook: (request) => isUntraced(request.url),
      responseHook: tellTraceId,
      applyCustomAttributesOnSpan: correctOutcome,
    },
    "@opentelemetry/instrumentation-undici": { requestHook: nameByRoute },
  });
