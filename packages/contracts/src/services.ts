/**
 * The registry of services: the only list of their names, ports and routes. The launcher, the doctor, the console, the
 * gateways and the tests read it; tests compare `docker-compose.yml` and the docs with it.
 */

/** A port of a service: its default, and the environment variable that changes it. */
interface ServicePort {
  readonly variable: string;
  readonly port: number;
}

interface Ports {
  readonly http: ServicePort;
  readonly faultAdmin: ServicePort;
}

/** The protocol between a gateway and the services behind it. */
export type Protocol = "grpc" | "rest";

/** The protocols, in the order in which load tests and tables have them. */
export const PROTOCOLS: readonly Protocol[] = ["grpc", "rest"];

/** The names of the protocols in texts. */
export const PROTOCOL_NAMES: Readonly<Record<Protocol, string>> = { grpc: "gRPC", rest: "REST" };

/** Accepts requests of clients and forwards them to the services behind it. */
interface Gateway {
  readonly role: "gateway";
  /** The folder under apps/. Several services can run the same program. */
  readonly app: string;
  readonly ports: Ports;
  readonly protocol: Protocol;
}

interface Service {
  readonly role: "service";
  readonly app: string;
  readonly ports: Ports & { readonly grpc: ServicePort };
  readonly route: string;
  /** The path and query of a short request. */
  readonly sample: string;
  /**
   * Whether the gateways have this route too and forward it to this service. With `true`, the gateways and the Compose
   * files need changes: "Add a service" in CONTRIBUTING.md lists them.
   */
  readonly behindGateways: boolean;
  /** Whether the gateways may retry a call that failed. Only a call without side effects may be retried. */
  readonly idempotent?: boolean;
  /** The scope that an access token needs for the route, at a gateway that checks tokens (docs/authentication.md). */
  readonly scope?: string;
}

/** All services by their names, which are also their `service_name` in telemetry. */
export const SERVICES = {
  gateway: {
    role: "gateway",
    app: "gateway",
    ports: {
      http: { variable: "GATEWAY_PORT", port: 8080 },
      faultAdmin: { variable: "FAULT_ADMIN_GATEWAY_PORT", port: 9900 },
    },
    protocol: "grpc",
  },
  "gateway-rest": {
    role: "gateway",
    app: "gateway",
    ports: {
      http: { variable: "GATEWAY_REST_PORT", port: 8081 },
      faultAdmin: { variable: "FAULT_ADMIN_REST_PORT", port: 9901 },
    },
    protocol: "rest",
  },
  "service-a": {
    role: "service",
    app: "service-a",
    ports: {
      http: { variable: "SERVICE_A_HTTP_PORT", port: 50_061 },
      grpc: { variable: "SERVICE_A_GRPC_PORT", port: 50_051 },
      faultAdmin: { variable: "FAULT_ADMIN_A_PORT", port: 9902 },
    },
    route: "/a/hello",
    sample: "/a/hello?name=Ana",
    behindGateways: true,
    idempotent: true,
    scope: "hello",
  },
  "service-b": {
    role: "service",
    app: "service-b",
    ports: {
      http: { variable: "SERVICE_B_HTTP_PORT", port: 50_062 },
      grpc: { variable: "SERVICE_B_GRPC_PORT", port: 50_052 },
      faultAdmin: { variable: "FAULT_ADMIN_B_PORT", port: 9903 },
    },
    route: "/b/numbers",
    sample: "/b/numbers?count=3&delay_ms=5",
    behindGateways: true,
    idempotent: true,
    scope: "numbers",
  },
} as const satisfies Readonly<Record<string, Gateway | Service>>;

type Entries = typeof SERVICES;
/** The name of a service. */
export type ServiceName = keyof Entries;
type NamesOf<Role> = {
  [Name in ServiceName]: Entries[Name] extends { readonly role: Role } ? Name : never;
}[ServiceName];
/** The name of a gateway. */
export type GatewayName = NamesOf<"gateway">;
/** The name of a service that is not a gateway. */
export type InternalServiceName = NamesOf<"service">;

/** The names of all services. */
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];
export const GATEWAY_NAMES = SERVICE_NAMES.filter(
  (name) => SERVICES[name].role === "gateway",
) as GatewayName[];
export const INTERNAL_SERVICE_NAMES = SERVICE_NAMES.filter(
  (name) => SERVICES[name].role === "service",
) as InternalServiceName[];

/** A scope of an access token. */
export type Scope = {
  [Name in ServiceName]: Entries[Name] extends { readonly scope: infer Each extends string } ? Each : never;
}[ServiceName];
/** The scopes of all routes. */
export const SCOPES = INTERNAL_SERVICE_NAMES.flatMap((name) => {
  const { scope }: Service = SERVICES[name];
  return scope ?? [];
}) as readonly Scope[];

/** The audience (claim `aud`) of the tokens for the gateways, unless AUTH_AUDIENCE is set. */
export const DEFAULT_AUDIENCE = "lgtm-lab";

type VariableOf<Each> = Each extends { readonly ports: infer All }
  ? All[keyof All] extends { readonly variable: infer Variable extends string }
    ? Variable
    : never
  : never;
/** An environment variable with a port of a service. */
export type ServicePortVariable = VariableOf<Entries[ServiceName]>;

/** Every port of every service, by its variable. */
export const SERVICE_PORTS = Object.fromEntries(
  SERVICE_NAMES.flatMap((name) =>
    Object.values<ServicePort>(SERVICES[name].ports).map(({ variable, port }) => [variable, port]),
  ),
) as Readonly<Record<ServicePortVariable, number>>;

/** The services of which `lab up --scale` can start several instances. */
export const SCALABLE: readonly InternalServiceName[] = INTERNAL_SERVICE_NAMES.filter(
  (name) => SERVICES[name].behindGateways,
);

/** The largest number of instances of a service that `lab up --scale` starts. */
export const MAX_INSTANCES = 16;

/** Returns the name of an instance. The first one has the name of its service, the second one is `service-a-2`. */
export const instanceName = (service: ServiceName, number: number): string =>
  number === 1 ? service : `${service}-${number}`;

type ServicePorts = Readonly<Record<ServicePortVariable, number>>;

/** The ports of each further instance of a service (from the second on). Without `--scale` there are none. */
export type FurtherInstances = Readonly<Partial<Record<ServiceName, readonly Partial<ServicePorts>[]>>>;

/** Returns the ports of a stack for each instance of a service: those of a further instance replace the first one's. */
export const portsOfInstances = <Ports extends ServicePorts>(
  service: ServiceName,
  ports: Ports,
  further: FurtherInstances = {},
): Ports[] => [ports, ...(further[service] ?? []).map((own) => ({ ...ports, ...own }))];

/** Returns the address of a port of a service on this machine, if no variable changes the port. */
export const defaultAddress = (service: ServiceName, port: keyof Ports = "http"): string =>
  `http://127.0.0.1:${SERVICES[service].ports[port].port}`;

type FaultAdminVariable = Entries[ServiceName]["ports"]["faultAdmin"]["variable"];
type FaultAdminUrlVariable = FaultAdminVariable extends `${infer Prefix}_PORT` ? `${Prefix}_URL` : never;

/** Returns the variable with the address of a service's fault admin port, for the programs that set faults. */
export const faultAdminUrlVariable = (service: ServiceName): FaultAdminUrlVariable =>
  SERVICES[service].ports.faultAdmin.variable.replace(/_PORT$/, "_URL") as FaultAdminUrlVariable;

/** Returns the gateway's variables with the addresses of a service: `SERVICE_A_GRPC` and `SERVICE_A_REST`. */
export function serviceAddressVariables(service: InternalServiceName): { grpc: string; rest: string } {
  const prefix = SERVICES[service].ports.grpc.variable.replace(/_GRPC_PORT$/, "");
  return { grpc: `${prefix}_GRPC`, rest: `${prefix}_REST` };
}

/** A request that can be sent to a running system. */
export interface SampleRequest {
  /** The service that receives it. */
  readonly to: ServiceName;
  readonly path: string;
  readonly route: string;
  /** The services that it crosses, the receiver first. */
  readonly crosses: readonly ServiceName[];
}

/** Requests that reach every service: each gateway with each route, then the services behind no gateway. */
export const SAMPLE_REQUESTS: readonly SampleRequest[] = [
  ...GATEWAY_NAMES.flatMap((gateway) =>
    INTERNAL_SERVICE_NAMES.filter((name) => SERVICES[name].behindGateways).map((name) => ({
      to: gateway,
      path: SERVICES[name].sample,
      route: SERVICES[name].route,
      crosses: [gateway, name],
    })),
  ),
  ...INTERNAL_SERVICE_NAMES.filter((name) => !SERVICES[name].behindGateways).map((name) => ({
    to: name,
    path: SERVICES[name].sample,
    route: SERVICES[name].route,
    crosses: [name],
  })),
];

/**
 * The interval at which Prometheus scrapes, in milliseconds: `scrape_interval` of prometheus.yml and `timeInterval` of
 * Grafana's data source.
 */
export const SCRAPE_INTERVAL_MS = 2000;
