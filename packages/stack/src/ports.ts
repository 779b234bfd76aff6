import { INTERNAL_SERVICE_NAMES, SERVICE_NAMES, SERVICE_PORTS, SERVICES } from "@lgtm-lab/contracts";

/** Every port of the stack, by the environment variable that changes it, with its default. */
export const DEFAULT_PORTS = {
  CONSOLE_PORT: 8000,
  ...SERVICE_PORTS,
  GRAFANA_PORT: 3000,
  PROMETHEUS_PORT: 9090,
  ALERTMANAGER_PORT: 9093,
  LOKI_PORT: 3100,
  LOKI_GRPC_PORT: 9096,
  TEMPO_PORT: 3200,
  TEMPO_GRPC_PORT: 9097,
  TEMPO_OTLP_PORT: 4319,
  OTELCOL_GRPC_PORT: 4317,
  OTELCOL_HTTP_PORT: 4318,
  OTELCOL_HEALTH_PORT: 13133,
  OTELCOL_METRICS_PORT: 8888,
  NODE_EXPORTER_PORT: 9100,
} as const;

export type PortVariable = keyof typeof DEFAULT_PORTS;
export type PortNumbers = Readonly<Record<PortVariable, number>>;
/** The ports of a stack, and whether its services, the collector and Loki use TLS (docs/tls.md). */
export type Ports = PortNumbers & { readonly usesTls?: true };

export const PORT_VARIABLES = Object.keys(DEFAULT_PORTS) as PortVariable[];

/** Ports for gRPC only, which neither browsers nor `fetch` open. */
const GRPC_ONLY: ReadonlySet<PortVariable> = new Set([
  ...INTERNAL_SERVICE_NAMES.map((name) => SERVICES[name].ports.grpc.variable),
  "LOKI_GRPC_PORT",
  "TEMPO_GRPC_PORT",
  "TEMPO_OTLP_PORT",
  "OTELCOL_GRPC_PORT",
] as const);

/**
 * Ports that browsers and `fetch` block, because other protocols use them: the "bad ports" of the Fetch
 * standard (https://fetch.spec.whatwg.org/#port-blocking). undici has this list too, but does not export it.
 */
export const BLOCKED_PORTS: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
  526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
  3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** Returns whether clients block the port of a variable. */
export const isBlocked = (variable: PortVariable, port: number): boolean =>
  BLOCKED_PORTS.has(port) && !GRPC_ONLY.has(variable);

/** Everything binds to this address and nothing else, except the services with `--hosts`. */
export const HOST = "127.0.0.1";

/** The ports whose URLs are https in a stack with TLS. The gRPC ports of the services use TLS too, but have no URLs. */
const WITH_TLS: ReadonlySet<PortVariable> = new Set([
  ...SERVICE_NAMES.map((name) => SERVICES[name].ports.http.variable),
  "OTELCOL_GRPC_PORT",
  "OTELCOL_HTTP_PORT",
  "LOKI_PORT",
] as const);

/**
 * `http://127.0.0.1:<port>` of a port variable, or the same on another host; `https://` for a port that has TLS.
 */
export function httpAddress(ports: Ports, variable: PortVariable, host: string = HOST): string {
  const scheme = ports.usesTls && WITH_TLS.has(variable) ? "https" : "http";
  return `${scheme}://${host}:${ports[variable]}`;
}
