import { createRequire, syncBuiltinESMExports } from "node:module";
import type { Instrumentation } from "@opentelemetry/instrumentation";
import { attributesLimited, env, limitInstrumentations, optimized } from "../env.ts";
import { useIncomingRequests } from "./http2-spans.ts";
import { optimizedSpans } from "./optimized-spans.ts";

const require = createRequire(import.meta.url);

limitInstrumentations(["http", "undici", "grpc"]);

/**
 * The instrumentations, already active: this module must be evaluated before any other that imports `node:http` or
 * `@grpc/grpc-js` by name.
 */
export const instrumentations = env.OTEL_SDK_DISABLED ? [] : load();

if (!attributesLimited) for (const instrumentation of instrumentations) useOptimizedSpans(instrumentation);
if (optimized) for (const instrumentation of instrumentations) optimize(instrumentation);
for (const instrumentation of instrumentations) useIncomingRequests(instrumentation);
if (instrumentations.length > 0) patchLoadedModules();

/** Uses `require`, which is synchronous, and only if needed. All of auto-instrumentations uses 11 MB of a process. */
function load(): Instrumentation[] {
  const { configuredInstrumentations } = require("./configured.ts") as typeof import("./configured.ts");
  return configuredInstrumentations();
}

function useOptimizedSpans(instrumentation: Instrumentation): void {
  const set = instrumentation.setTracerProvider.bind(instrumentation);
  instrumentation.setTracerProvider = (provider) => set(optimizedSpans(provider));
}

/** Loads the code only if it is needed, because it loads OpenTelemetry. */
function optimize(instrumentation: Instrumentation): void {
  const name = instrumentation.instrumentationName;
  if (name === "@opentelemetry/instrumentation-http")
    (require("./optimized-http.ts") as typeof import("./optimized-http.ts")).optimizeHttp(instrumentation);
  if (name === "@opentelemetry/instrumentation-grpc")
    (require("./optimized-grpc.ts") as typeof import("./optimized-grpc.ts")).optimizeGrpc(instrumentation);
}

/**
 * Instrumentations patch CommonJS modules when they are required, and `node:http` and `@grpc/grpc-js` both are
 * CommonJS. Requiring them here patches them before anything imports them, so that every later ESM import gets the
 * patched functions. This needs no loader hook, which would cost a thread and a resolution step for every module of the
 * app.
 */
function patchLoadedModules(): void {
  require("node:http");
  require("node:https");
  syncBuiltinESMExports();
  require("@grpc/grpc-js");
  // An app outside this workspace may have another copy.
  const main = process.argv[1];
  if (main === undefined) return;
  try {
    createRequire(main)("@grpc/grpc-js");
  } catch {
    // The app does not have this package, so there is nothing to patch.
  }
}
