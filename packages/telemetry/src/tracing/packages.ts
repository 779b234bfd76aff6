import { enabledInstrumentations } from "../env.ts";
import { requireWithout } from "./require-without.ts";

/**
 * OpenTelemetry's two metapackages, without what nothing here uses of them: 400 modules, a seventh of the CPU time that a
 * service takes to start. Both are loaded before the first instrumentation exists: from then on its hook resolves what
 * CommonJS modules require, and would load a second copy of the API.
 */
export const { getNodeAutoInstrumentations } = requireWithout(
  "@opentelemetry/auto-instrumentations-node",
  isNotEnabled,
) as typeof import("@opentelemetry/auto-instrumentations-node");

/** It is given its span processors and no configuration file. */
export const { NodeSDK } = requireWithout("@opentelemetry/sdk-node", (dependency) =>
  /^@opentelemetry\/(configuration$|exporter-|otlp-)/.test(dependency),
) as typeof import("@opentelemetry/sdk-node");

/** Instrumentations that are not enabled, and the detectors of clouds, which the SDK loads itself where they are chosen. */
function isNotEnabled(dependency: string): boolean {
  const enabled = enabledInstrumentations();
  if (!enabled) return false; // then the package itself decides
  const [, name] = /^@opentelemetry\/instrumentation-(.+)/.exec(dependency) ?? [];
  return name === undefined
    ? dependency.startsWith("@opentelemetry/resource-detector-")
    : !enabled.includes(name);
}
