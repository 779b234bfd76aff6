import { pathToFileURL } from "node:url";

/** A variant of the application. */
export interface Variant {
  name: string;
  execArgv: string[];
  args: string[];
  env: Record<string, string>;
}

export interface Receivers {
  otlp: string;
  loki: string;
}

const preload = (module: string) => ["--import", module];

/** Returns the package's two variants. `directory` contains another copy of the package, as a baseline. */
function ours({ otlp, loki }: Receivers, suffix = "", directory?: string): Variant[] {
  const module = (name: string) =>
    directory ? pathToFileURL(`${directory}/src/${name}.ts`).href : `@lgtm-lab/telemetry/${name}`;
  const execArgv = preload(module("register"));
  const env = { OTEL_SERVICE_NAME: "bench", OTEL_EXPORTER_OTLP_ENDPOINT: otlp };
  return [
    {
      name: `ours, traces only${suffix}`,
      execArgv,
      args: [],
      env: { ...env, LOKI_URL: "", LOG_LEVEL: "silent" },
    },
    { name: `ours, all signals${suffix}`, execArgv, args: [module("hono")], env: { ...env, LOKI_URL: loki } },
  ];
}

/** Returns the compared variants. The others are shown as ratios to the first. */
export function variants(to: Receivers, otherCopy?: string): Variant[] {
  return [
    { name: "no instrumentation", execArgv: [], args: [], env: {} },
    {
      name: "auto-instrumentations, defaults, traces only",
      // Without the hook it would not instrument a node:http that an ES module imports, and would cost nothing.
      execArgv: [
        "--no-warnings",
        "--experimental-loader=@opentelemetry/instrumentation/hook.mjs",
        ...preload("@opentelemetry/auto-instrumentations-node/register"),
      ],
      args: [],
      env: {
        OTEL_SERVICE_NAME: "bench",
        OTEL_EXPORTER_OTLP_ENDPOINT: to.otlp,
        OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
        OTEL_TRACES_EXPORTER: "otlp",
        OTEL_METRICS_EXPORTER: "none",
        OTEL_LOGS_EXPORTER: "none",
      },
    },
    ...ours(to),
    ...(otherCopy ? ours(to, ` (${otherCopy})`, otherCopy) : []),
  ];
}
