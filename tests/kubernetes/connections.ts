import assert from "node:assert/strict";
import { SERVICE_NAMES, SERVICES } from "@lgtm-lab/contracts";
import { COMPONENTS, DEFAULT_PORTS } from "@lgtm-lab/stack";
import type { Manifest, PodTemplate } from "./manifests.ts";

/** Returns the workloads among manifests, by the name of their component. */
export const workloadsOf = (manifests: readonly Manifest[]): ReadonlyMap<string, Manifest> =>
  new Map(
    manifests
      .filter(({ kind }) => ["Deployment", "StatefulSet", "DaemonSet"].includes(kind))
      .map((each) => [nameOf(each.spec.template), each]),
  );

const nameOf = ({ metadata }: PodTemplate) => metadata.labels["app.kubernetes.io/name"] ?? assert.fail();

/** Returns the ports of all containers of a workload. */
export const containerPortsOf = ({ spec }: Manifest): readonly number[] =>
  spec.template.spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort));

/** A connection as text: the workload that connects, and the port of another one. */
export const connection = (from: string, to: string, port: number): string => `${from} → ${to}:${port}`;

const ports = (name: keyof typeof SERVICES) => SERVICES[name].ports;
const A = SERVICES["service-a"].ports;
const B = SERVICES["service-b"].ports;

/** Who may connect to which port. */
const ALLOWED: readonly (readonly [from: string, to: string, port: number])[] = [
  ...["traffic", "console"].flatMap((from) =>
    (["gateway", "gateway-rest"] as const).map((to) => [from, to, ports(to).http.port] as const),
  ),
  ["gateway", "service-a", A.grpc.port],
  ["gateway", "service-b", B.grpc.port],
  ["gateway-rest", "service-a", A.http.port],
  ["gateway-rest", "service-b", B.http.port],
  ...SERVICE_NAMES.flatMap((name) => [
    ["console", name, ports(name).faultAdmin.port] as const,
    [name, "loki", DEFAULT_PORTS.LOKI_PORT] as const,
    // Any OTLP sender.
    [name, "otelcol", DEFAULT_PORTS.OTELCOL_GRPC_PORT] as const,
  ]),
  ["otelcol", "tempo", DEFAULT_PORTS.TEMPO_OTLP_PORT],
  ["otelcol", "prometheus", DEFAULT_PORTS.PROMETHEUS_PORT],
  ["otelcol", "loki", DEFAULT_PORTS.LOKI_PORT],
  ["tempo", "prometheus", DEFAULT_PORTS.PROMETHEUS_PORT],
  ...COMPONENTS.flatMap(({ name, scrape }) =>
    scrape ? [["prometheus", name, DEFAULT_PORTS[scrape.port]] as const] : [],
  ),
  ["alertmanager", "console", DEFAULT_PORTS.CONSOLE_PORT],
  ["grafana", "console", DEFAULT_PORTS.CONSOLE_PORT],
  ["console", "grafana", DEFAULT_PORTS.GRAFANA_PORT],
  ...["grafana", "console"].flatMap((from) =>
    (["PROMETHEUS", "ALERTMANAGER", "TEMPO", "LOKI"] as const).map(
      (to) => [from, to.toLowerCase(), DEFAULT_PORTS[`${to}_PORT`]] as const,
    ),
  ),
];

/**
 * Returns the allowed connections between these workloads, sorted. The Ingress controller, DNS and the API server are not
 * workloads.
 */
export function allowedConnections(workloads: ReadonlyMap<string, Manifest>): string[] {
  const between = ALLOWED.filter(([from, to]) => workloads.has(from) && workloads.has(to));
  return [...new Set(between.map((each) => connection(...each)))].sort();
}
