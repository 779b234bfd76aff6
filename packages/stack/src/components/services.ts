import { join } from "node:path";
import {
  GATEWAY_NAMES,
  INTERNAL_SERVICE_NAMES,
  portsOfInstances,
  SERVICES,
  type ServiceName,
  serviceAddressVariables,
} from "@lgtm-lab/contracts";
import { LAB_VERSION } from "@lgtm-lab/contracts/repository";
import { authorityFile, certificatePaths, expiredCertificatePaths } from "../certificates.ts";
import { HOST, httpAddress, type PortVariable } from "../ports.ts";
import {
  CLIENT_HOST,
  type Component,
  type ComponentContext,
  GATEWAY_HOST,
  RETURN_LARGE_BLOCKS,
} from "./component.ts";

/**
 * Returns the component of a service of the registry: a Node program that sends its telemetry as the standard OTEL_*
 * variables specify.
 */
function service(name: ServiceName): Component {
  const { app, ports: servicePorts, role } = SERVICES[name];
  const httpPort = servicePorts.http.variable;
  const grpcPort: PortVariable | undefined = "grpc" in servicePorts ? servicePorts.grpc.variable : undefined;
  const faultPort = servicePorts.faultAdmin.variable;
  return {
    name,
    serviceName: name,
    stage: role,
    host: hostOf(name),
    program: { kind: "node", version: LAB_VERSION },
    ports: grpcPort ? [httpPort, grpcPort, faultPort] : [httpPort, faultPort],
    scrape: { port: httpPort, file: "services" },
    args: ({ root }) => ["--import", "@lgtm-lab/telemetry/register", join(root, "apps", app, "src/main.ts")],
    env: ({ ports, instances, hosts, stateFolder, faultToken, tokenIssuer }) => ({
      HOST: addressOf(hostOf(name), hosts),
      ...(hosts && { FAULT_ADMIN_HOST: addressOf(hostOf(name), hosts) }),
      PORT: `${ports[httpPort]}`,
      ...(grpcPort && { GRPC_PORT: `${ports[grpcPort]}` }),
      FAULT_ADMIN_PORT: `${ports[faultPort]}`,
      FAULT_ADMIN_TOKEN: faultToken,
      ...gatewayEnv(name, { ports, instances, hosts, tokenIssuer }),
      ...(ports.usesTls && tlsEnv(name, certificatePaths(stateFolder, name))),
      OTEL_SERVICE_NAME: name,
      OTEL_RESOURCE_ATTRIBUTES: resource,
      OTEL_EXPORTER_OTLP_ENDPOINT: collectorAddress(ports, hosts),
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
      LOKI_URL: httpAddress(ports, "LOKI_PORT", hosts?.machineAddress),
      ...(ports.usesTls && name === "service-a" && faultTlsEnv(expiredCertificatePaths(stateFolder))),
      ...(ports.usesTls && {
        OTEL_EXPORTER_OTLP_CERTIFICATE: authorityFile(stateFolder),
        LOKI_CERTIFICATE: authorityFile(stateFolder),
      }),
    }),
    readyUrl: ({ ports }) => `${httpAddress(ports, httpPort)}/readyz`,
    // A gateway is ready with one of its services; in a stack, both must be up.
    dependenciesUp: (body) => !body.includes('"down"'),
    telemetry: true,
    graceMs: 20_000, // a stream may run for ten more seconds; then spans and log lines are flushed
  };
}

/** Returns the separate host of a service: both gateways share one. */
const hostOf = (name: ServiceName): string => (SERVICES[name].role === "gateway" ? GATEWAY_HOST : name);

/** Returns the address of a separate host; without `--hosts`, that of this machine. */
const addressOf = (host: string, addresses: ComponentContext["hosts"]): string =>
  addresses?.hosts[host] ?? HOST;

const resource = `service.namespace=lgtm-lab,service.version=${LAB_VERSION},deployment.environment.name=demo`;

function gatewayEnv(
  name: ServiceName,
  {
    ports,
    instances,
    hosts,
    tokenIssuer,
  }: Pick<ComponentContext, "ports" | "instances" | "hosts" | "tokenIssuer">,
): Record<string, string> {
  const entry = SERVICES[name];
  if (entry.role !== "gateway") return {};
  const addresses = INTERNAL_SERVICE_NAMES.filter((each) => SERVICES[each].behindGateways).flatMap((each) => {
    const { grpc, http } = SERVICES[each].ports;
    const variables = serviceAddressVariables(each);
    const all = portsOfInstances(each, ports, instances);
    const address = addressOf(hostOf(each), hosts);
    return [
      [variables.grpc, all.map((own) => `${address}:${own[grpc.variable]}`).join(",")],
      [variables.rest, all.map((own) => httpAddress(own, http.variable, address)).join(",")],
    ];
  });
  return {
    ...Object.fromEntries(addresses),
    CONSOLE_URL: httpAddress(ports, "CONSOLE_PORT"),
    BACKEND: entry.protocol,
    ...(tokenIssuer && {
      AUTH_ISSUER: tokenIssuer,
      ...(hosts && {
        AUTH_JWKS_URL: `${httpAddress(ports, "CONSOLE_PORT", hosts.machineAddress)}/.well-known/jwks.json`,
      }),
    }),
    // 8 MB less: the compiler of the HTTP parser of fetch, which is WebAssembly. It costs no measurable CPU time.
    ...(entry.protocol === "rest" && RETURN_LARGE_BLOCKS),
  };
}

/** With TLS the host is localhost: gRPC sends it as the server name (SNI), and Node warns if that is an IP address. */
const collectorAddress = (ports: ComponentContext["ports"], hosts: ComponentContext["hosts"]): string =>
  httpAddress(ports, "OTELCOL_GRPC_PORT", hosts?.machineAddress ?? (ports.usesTls ? "localhost" : HOST));

/** A gateway needs no certificates of its clients. It has its own at services A and B. */
const tlsEnv = (
  name: ServiceName,
  { cert, key, ca }: ReturnType<typeof certificatePaths>,
): Record<string, string> => ({
  TLS_CERT_FILE: cert,
  TLS_KEY_FILE: key,
  ...(SERVICES[name].role === "gateway"
    ? { UPSTREAM_TLS_CERT_FILE: cert, UPSTREAM_TLS_KEY_FILE: key, UPSTREAM_TLS_CA_FILE: ca }
    : { TLS_CA_FILE: ca }),
});

/** For the fault `expired-cert`. */
const faultTlsEnv = ({ cert, key }: ReturnType<typeof expiredCertificatePaths>) => ({
  FAULT_TLS_CERT_FILE: cert,
  FAULT_TLS_KEY_FILE: key,
});

/** Returns the variable with which a Node program accepts the certificates of the services, if they use TLS. */
export const trustEnv = ({
  ports,
  stateFolder,
}: Pick<ComponentContext, "ports" | "stateFolder">): Record<string, string> =>
  ports.usesTls ? { NODE_EXTRA_CA_CERTS: authorityFile(stateFolder) } : {};

/** All services of the registry. */
export const services: readonly Component[] = [...INTERNAL_SERVICE_NAMES, ...GATEWAY_NAMES].map(service);

/** Returns the demo traffic. It is not part of a stack, but `lab start` starts and stops it like a component. */
export function traffic(requestsPerSecond: number): Component {
  return {
    name: "traffic",
    serviceName: "traffic",
    stage: "traffic",
    program: { kind: "node", version: LAB_VERSION },
    ports: [],
    args: ({ root }) => [join(root, "apps/traffic/src/main.ts")],
    host: CLIENT_HOST,
    env: ({ ports, hosts, stateFolder, tokenIssuer }) => ({
      GATEWAY_URL: httpAddress(ports, "GATEWAY_PORT", addressOf(GATEWAY_HOST, hosts)),
      GATEWAY_REST_URL: httpAddress(ports, "GATEWAY_REST_PORT", addressOf(GATEWAY_HOST, hosts)),
      LAB_TRAFFIC_RPS: `${requestsPerSecond}`,
      ...(tokenIssuer && { AUTH_ISSUER: tokenIssuer, LAB_STATE: stateFolder }),
      ...trustEnv({ ports, stateFolder }),
      ...RETURN_LARGE_BLOCKS,
    }),
  };
}
