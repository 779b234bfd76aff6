import { createRequire, syncBuiltinESMExports } from "node:module";
import { getNodeAutoInstrumentations } from "@opentelemetry/auto-instrumentations-node";
import type { Instrumentation } from "@opentelemetry/instrumentation";
import { attributesLimited, env, limitInstrumentations } from "../env.ts";
import { correctOutcome, tellTraceId } from "./http-hooks.ts";
import { leanSpans } from "./lean-spans.ts";
import { nameByRoute } from "./outgoing-route.ts";
import { isUntraced } from "./untraced.ts";

limitInstrumentations(["http", "undici", "grpc"]);

/**
 * The instrumentations, already in effect: this module must be evaluated before any other that imports
 * `node:http` or `@grpc/grpc-js` by name.
 */
export const instrumentations = env.OTEL_SDK_DISABLED
  ? []
  : getNodeAutoInstrumentations({
      "@opentelemetry/instrumentation-http": {
        ignoreIncomingRequestHook: (request) => isUntraced(request.url),
        responseHook: tellTraceId,
        applyCustomAttributesOnSpan: correctOutcome,
      },
      "@opentelemetry/instrumentation-undici": { requestHook: nameByRoute },
    });

if (instrumentations.length > 0) patchLoadedOnce();
if (!attributesLimited) for (const instrumentation of instrumentations) useLeanSpans(instrumentation);

function useLeanSpans(instrumentation: Instrumentation): void {
  const set = instrumentation.setTracerProvider.bind(instrumentation);
  instrumentation.setTracerProvider = (provider) => set(leanSpans(provider));
}

/**
 * Instrumentations patch CommonJS modules as they are required, and `node:http` and `@grpc/grpc-js` both are CommonJS
 * underneath. Requiring them here patches them before anything imports them, so that every later ESM import sees the
 * patched functions: no loader hook, which would cost a thread and a resolution step for every module of the app.
 */
function patchLoadedOnce(): void {
  const ours = createRequire(import.meta.url);
  ours("node:http");
  ours("node:https");
  syncBuiltinESMExports();
  ours("@grpc/grpc-js");
  // An app outside this workspace may have a copy of its own.
  const main = process.argv[1];
  if (main === undefined) return;
  try {
    createRequire(main)("@grpc/grpc-js");
  } catch {
    // It has none: nothing to patch.
  }
}
