import { join } from "node:path";
import { HOST, httpAddress, type Ports, type PortVariable } from "../ports.ts";
import { LAB_VERSION } from "../repository.ts";
import type { Component, Stage } from "./component.ts";

interface Service {
  readonly name: string;
  /** The folder under apps/. */
  readonly app: string;
  readonly stage: Stage;
  readonly httpPort: PortVariable;
  readonly grpcPort?: PortVariable;
  readonly faultPort: PortVariable;
  readonly env?: (ports: Ports) => Readonly<Record<string, string>>;
}

/** One of our own services: a Node program that sends its telemetry by the standard OTEL_* variables. */
function service({ name, app, stage, httpPort, grpcPort, faultPort, env }: Service): Component {
  return {
    name,
    serviceName: name,
    stage,
    program: { kind: "node", version: LAB_VERSION },
    ports: grpcPort ? [httpPort, grpcPort, faultPort] : [httpPort, faultPort],
    scrape: { port: httpPort, file: "services" },
    args: ({ root }) => ["--import", "@lgtm-lab/telemetry/register", join(root, "apps", app, "src/main.ts")],
    env: ({ ports, faultToken }) => ({
      HOST,
      PORT: `${ports[httpPort]}`,
      ...(grpcPort && { GRPC_PORT: `${ports[grpcPort]}` }),
      FAULT_ADMIN_PORT: `${ports[faultPort]}`,
      FAULT_ADMIN_TOKEN: faultToken,
      ...env?.(ports),
      OTEL_SERVICE_NAME: name,
      OTEL_RESOURCE_ATTRIBUTES: resource,
      OTEL_EXPORTER_OTLP_ENDPOINT: httpAddress(ports, "OTELCOL_GRPC_PORT"),
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
      LOKI_URL: httpAddress(ports, "LOKI_PORT"),
    }),
    readyUrl: ({ ports }) => `${httpAddress(ports, httpPort)}/readyz`,
    // A gateway is ready with one of its backends; a stack's gateway is to be so with both.
    whole: (body) => !body.includes('"down"'),
    telemetry: true,
    graceMs: 20_000, // a stream may have ten seconds yet, then spans and log lines are flushed
  };
}

const resource = `service.namespace=lgtm-lab,service.version=${LAB_VERSION},deployment.environment.name=demo`;

const backends = (ports: Ports) => ({
  SERVICE_A_GRPC: `${HOST}:${ports.SERVICE_A_GRPC_PORT}`,
  SERVICE_B_GRPC: `${HOST}:${ports.SERVICE_B_GRPC_PORT}`,
  SERVICE_A_REST: httpAddress(ports, "SERVICE_A_HTTP_PORT"),
  SERVICE_B_REST: httpAddress(ports, "SERVICE_B_HTTP_PORT"),
  CONSOLE_URL: httpAddress(ports, "CONSOLE_PORT"),
});

export const services: readonly Component[] = [
  service({
    name: "service-a",
    app: "service-a",
    stage: "service",
    httpPort: "SERVICE_A_HTTP_PORT",
    grpcPort: "SERVICE_A_GRPC_PORT",
    faultPort: "FAULT_ADMIN_A_PORT",
  }),
  service({
    name: "service-b",
    app: "service-b",
    stage: "service",
    httpPort: "SERVICE_B_HTTP_PORT",
    grpcPort: "SERVICE_B_GRPC_PORT",
    faultPort: "FAULT_ADMIN_B_PORT",
  }),
  service({
    name: "gateway",
    app: "gateway",
    stage: "edge",
    httpPort: "GATEWAY_PORT",
    faultPort: "FAULT_ADMIN_GATEWAY_PORT",
    env: (ports) => ({ ...backends(ports), BACKEND: "grpc" }),
  }),
  service({
    name: "gateway-rest",
    app: "gateway",
    stage: "edge",
    httpPort: "GATEWAY_REST_PORT",
    faultPort: "FAULT_ADMIN_REST_PORT",
    env: (ports) => ({ ...backends(ports), BACKEND: "rest" }),
  }),
];

/** The demo traffic: not part of a stack, but started and stopped like a component by `lab start`. */
export function traffic(requestsPerSecond: number): Component {
  return {
    name: "traffic",
    serviceName: "traffic",
    stage: "traffic",
    program: { kind: "node", version: LAB_VERSION },
    ports: [],
    args: ({ root }) => [join(root, "apps/traffic/src/main.ts")],
    env: ({ ports }) => ({
      GATEWAY_URL: httpAddress(ports, "GATEWAY_PORT"),
      GATEWAY_REST_URL: httpAddress(ports, "GATEWAY_REST_PORT"),
      LAB_TRAFFIC_RPS: `${requestsPerSecond}`,
    }),
  };
}
