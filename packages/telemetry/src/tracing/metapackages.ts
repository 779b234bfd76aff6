import { createRequire, registerHooks } from "node:module";
import { dirname, join, sep } from "node:path";
import { enabledInstrumentations } from "../env.ts";

const require = createRequire(import.meta.url);
const EMPTY_MODULE = new URL("./empty.cjs", import.meta.url).href;
/** Prevents a second copy of the package's dependencies from being loaded as CommonJS. */
const IMPORT_CONDITIONS = ["node", "import", "module-sync", "node-addons"];

/**
 * OpenTelemetry's two metapackages without their unused dependencies, which are 400 modules and a seventh of the CPU
 * time of a start. Both are loaded before the first instrumentation exists: its hook would resolve `require()` calls of
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

/**
 * Requires a CommonJS package with an empty module in place of each dependency for which `isUnused` is true, because
 * OpenTelemetry's metapackages import everything that they might need. The exports of such a dependency are undefined
 * in the package. The empty module is not cached: an app that requires the dependency itself gets the real one.
 */
function requireWithout(name: string, isUnused: (dependency: string) => boolean): unknown {
  const folder = join(dirname(require.resolve(name)), sep);
  const isInside = (url: string | undefined) => url?.includes(`/node_modules/${name}/`) ?? false;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (!isInside(context.parentURL) || specifier.startsWith(".")) return next(specifier, context);
      if (isUnused(specifier)) return { url: EMPTY_MODULE, format: "commonjs", shortCircuit: true };
      return next(specifier, { ...context, conditions: IMPORT_CONDITIONS });
    },
  });
  try {
    return require(name);
  } finally {
    hooks.deregister();
    for (const file of Object.keys(require.cache)) if (file.startsWith(folder)) delete require.cache[file];
  }
}
