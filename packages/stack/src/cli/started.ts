import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { passwordFile } from "../components/grafana.ts";
import type { Environment } from "../env.ts";
import { httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { readRecords } from "../supervisor/records.ts";
import { plainTable } from "../terminal/format.ts";

/** Returns the text after a start: its duration, the failed components, and all addresses. */
export function startedText(outcome: {
  environment: Environment;
  failed: readonly string[];
  grafana: boolean;
  traffic: boolean;
}): string {
  const { environment, failed, grafana, traffic } = outcome;
  const seconds = (performance.now() / 1000).toFixed(1);
  const verdict = failed.length
    ? `Started in ${seconds} s, but without ${failed.join(", ")}, which failed (see above).`
    : `Ready in ${seconds} s.`;
  const demo = traffic ? ` Demo traffic: ${environment.trafficRps} requests a second.` : "";
  const password = grafana ? newPassword(environment.state) : undefined;
  const note = password ? `\n${password}\n` : "";
  return `\n${verdict}${demo}\n\n${summary(environment.ports, { grafana })}\n${note}`;
}

/** Returns the text about Grafana's password if this start has created it; undefined at every later start. */
export function newPassword(state: string, since: number = performance.timeOrigin): string | undefined {
  const grafana = readRecords(state).find(({ name }) => name === "grafana");
  if (!grafana?.version) return undefined;
  const file = passwordFile(join(state, `grafana-${grafana.version}`));
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (made < since) return undefined;
  return `Grafana's admin password, shown only once: ${readFileSync(file, "utf8")} (kept in ${file})`;
}

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

/** Formats all addresses as a table. */
export function summary(ports: Ports, extra: { grafana: boolean }): string {
  const rows = ROWS.map(([what, port, path]) => [what, httpAddress(ports, port) + path]);
  if (extra.grafana) rows.push(["dashboards (Grafana)", httpAddress(ports, "GRAFANA_PORT")]);
  return plainTable(rows);
}
