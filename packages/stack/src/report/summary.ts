import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { plainTable } from "./table.ts";

const ROWS: readonly [what: string, port: PortVariable, path: string][] = [
  ["console", "CONSOLE_PORT", "/"],
  ["gateway, gRPC behind it", "GATEWAY_PORT", "/a/hello?name=Ana"],
  ["gateway, REST behind it", "GATEWAY_REST_PORT", "/b/numbers?count=10&delay_ms=5"],
  ["traces (Tempo)", "TEMPO_PORT", "/api/traces/<x-trace-id>"],
  ["metrics (Prometheus)", "PROMETHEUS_PORT", "/api/v1/query?query=up"],
  ["logs (Loki)", "LOKI_PORT", "/loki/api/v1/query_range"],
  ["alerts (Alertmanager)", "ALERTMANAGER_PORT", "/api/v2/alerts"],
  ["collector, OTLP/gRPC", "OTELCOL_GRPC_PORT", ""],
  ["collector, OTLP/HTTP", "OTELCOL_HTTP_PORT", ""],
];

/** Where everything is, as a table. */
export function summary(ports: Ports, extra: { grafana: boolean }): string {
  const rows = ROWS.map(([what, port, path]) => [what, httpAddress(ports, port) + path]);
  if (extra.grafana) rows.push(["dashboards (Grafana)", httpAddress(ports, "GRAFANA_PORT")]);
  return plainTable(rows);
}
