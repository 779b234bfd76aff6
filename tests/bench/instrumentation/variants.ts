import { join } from "node:path";
import type { Subject } from "../result.ts";

/** How one process of a variant is started. */
interface Program {
  readonly execArgv: readonly string[];
  /** The module, then its arguments. */
  readonly args: readonly string[];
}

/** A gateway with the services behind it, in one of the ways that are compared. */
export interface Variant {
  readonly name: string;
  readonly gateway: Program;
  /** One or more processes, which share the routes. All get the variables in `env`. */
  readonly services: Readonly<Record<"service-a" | "service-b", Program>>;
  readonly env: Readonly<Record<string, string>>;
  /** Additional variables of one kind of process. */
  readonly extraEnv?: Readonly<
    Partial<Record<"gateway" | "service-a" | "service-b", Readonly<Record<string, string>>>>
  >;
  /** How many processes of service A there are; 1 by default. */
  readonly instancesOfA?: number;
  /** The headers of requests, and the CA; by default plain HTTP without additional headers. */
  readonly client?: ClientOptions;
}

/** The headers of requests, and the CA of the gateway's certificate in PEM if it uses TLS. */
export interface ClientOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly ca?: string;
}

/** The addresses of the receivers of spans and log lines. */
export interface Receivers {
  readonly otlp: string;
  readonly loki: string;
}

const here = (file: string) => join(import.meta.dirname, file);
const bare = (role: string): Program => ({ execArgv: [], args: [here("bare.ts"), role] });
const BARE_SERVICES = { "service-a": bare("service"), "service-b": bare("service") };
const EXPRESS: Program = { execArgv: [], args: [here("express.ts")] };

/** Without the loader it would not instrument a node:http that an ES module imports, and would cost nothing. */
const DEFAULTS = [
  "--no-warnings",
  "--experimental-loader=@opentelemetry/instrumentation/hook.mjs",
  "--import=@opentelemetry/auto-instrumentations-node/register",
];
const withDefaults = (program: Program): Program => ({ ...program, execArgv: DEFAULTS });

/** Returns the lab's programs in a clone, as `lab up` starts them. */
export function lab(root: string): Pick<Variant, "gateway" | "services"> {
  const app = (name: string): Program => ({
    execArgv: [`--import=${join(root, "packages/telemetry/src/register.ts")}`],
    args: [join(root, `apps/${name}/src/main.ts`)],
  });
  return {
    gateway: app("gateway"),
    services: { "service-a": app("service-a"), "service-b": app("service-b") },
  };
}

const telemetryOff = { OTEL_SDK_DISABLED: "true", LOKI_URL: "", LOG_LEVEL: "silent" };
export const telemetryOn = ({ otlp, loki }: Receivers) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
  OTEL_METRICS_EXPORTER: "none",
  OTEL_LOGS_EXPORTER: "none",
  LOKI_URL: loki,
});

/** The variant that all others are compared with. */
export const BASELINE = "bare";

/** Returns the compared variants. For each of `settings` (`NAME=value`) there is one more, with this variable. */
export function variants(
  to: Receivers,
  subjects: readonly Subject[],
  settings: readonly string[] = [],
): Variant[] {
  return [
    { name: BASELINE, gateway: bare("gateway"), services: BARE_SERVICES, env: {} },
    { name: "Express", gateway: EXPRESS, services: BARE_SERVICES, env: {} },
    {
      name: "Express, auto-instrumentations (traces)",
      gateway: withDefaults(EXPRESS),
      services: {
        "service-a": withDefaults(bare("service")),
        "service-b": withDefaults(bare("service")),
      },
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: to.otlp,
        OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
        OTEL_TRACES_EXPORTER: "otlp",
        OTEL_METRICS_EXPORTER: "none",
        OTEL_LOGS_EXPORTER: "none",
      },
    },
    ...subjects.flatMap(({ suffix, root }) => [
      { name: `lgtm-lab, telemetry off${suffix}`, ...lab(root), env: telemetryOff },
      ...["", ...settings].map((setting) => ({
        name: `lgtm-lab, all signals${setting && `, ${setting}`}${suffix}`,
        ...lab(root),
        env: { ...telemetryOn(to), ...Object.fromEntries(setting ? [setting.split("=", 2)] : []) },
      })),
    ]),
  ];
}
