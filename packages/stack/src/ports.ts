/** Every port of the stack, by the environment variable that moves it, with its default (DESIGN.md). */
export const DEFAULT_PORTS = {
  CONSOLE_PORT: 8000,
  GATEWAY_PORT: 8080,
  GATEWAY_REST_PORT: 8081,
  SERVICE_A_GRPC_PORT: 50051,
  SERVICE_A_HTTP_PORT: 50061,
  SERVICE_B_GRPC_PORT: 50052,
  SERVICE_B_HTTP_PORT: 50062,
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
  FAULT_ADMIN_GATEWAY_PORT: 9900,
  FAULT_ADMIN_REST_PORT: 9901,
  FAULT_ADMIN_A_PORT: 9902,
  FAULT_ADMIN_B_PORT: 9903,
} as const;

export type PortVariable = keyof typeof DEFAULT_PORTS;
export type Ports = Readonly<Record<PortVariable, number>>;

export const PORT_VARIABLES = Object.keys(DEFAULT_PORTS) as PortVariable[];

/** Everything binds to this address and nothing else. */
export const HOST = "127.0.0.1";

/** `http://127.0.0.1:<port>` of a port variable. */
export function httpAddress(ports: Ports, variable: PortVariable): string {
  return `http://${HOST}:${ports[variable]}`;
}
