import { enabledInstrumentations } from "../env.ts";
import { requireWithout } from "./require-without.ts";

/**
 * OpenTelemetry's two metapackages without their unused dependencies, which are 400 modules and a seventh of the CPU
 * time of a start. Both are loaded before the first instrumentation exists: its hook would resolve the requires of
 * CommonJS modules and load a second copy of the API.
 */
export const { getNodeAutoInstrumentations } = requireWithout(
  "@opentelemetry/auto-instrumentations-node",
  isNotEnabled,
) as typeof import("@opentelemetry/auto-instrumentations-node");

/** The SDK without exporters and readers of configuration files, because its caller provides the span processors. */
export const { NodeSDK } = requireWithout("@opentelemetry/sdk-node", (dependency) =>
  /^@opentelemetry\/(configuration$|exporter-|otlp-)/.test(dependency),
) as typeof import("@opentelemetry/sdk-node");

/**
 * Instrumentations that are not enabled, and the detectors of clouds, which the SDK loads itself if they are selected.
 */
function isNotEnabled(dependency: string): boolean {
  const enabled = enabledInstrumentations();
  if (!enabled) return false; // the package's defaults apply
  const [, name] = /^@opentelemetry\/instrumentation-(.+)/.exec(dependency) ?? [];
  return name === undefined
    ? dependency.startsWith("@opentelemetry/resource-detector-")
    : !enabled.includes(name);
}
