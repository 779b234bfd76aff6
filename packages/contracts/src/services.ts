/** A port of a service: its default, and the environment variable that changes it. */
interface ServicePort {
  readonly variable: string;
  readonly port: number;
}

interface ServiceEntry {
  /** The folder under apps/. Several services can run the same program. */
  readonly app: string;
  readonly ports: {
    readonly http: ServicePort;
    readonly grpc?: ServicePort;
    readonly faultAdmin: ServicePort;
  };
}

/** All services by their names, which are also their `service_name` in telemetry. The single place that lists them. */
export const SERVICES = {
  gateway: {
    app: "gateway",
    ports: {
      http: { variable: "GATEWAY_PORT", port: 8080 },
      faultAdmin: { variable: "FAULT_ADMIN_GATEWAY_PORT", port: 9900 },
    },
  },
  "gateway-rest": {
    app: "gateway",
    ports: {
      http: { variable: "GATEWAY_REST_PORT", port: 8081 },
      faultAdmin: { variable: "FAULT_ADMIN_REST_PORT", port: 9901 },
    },
  },
  "service-a": {
    app: "service-a",
    ports: {
      http: { variable: "SERVICE_A_HTTP_PORT", port: 50_061 },
      grpc: { variable: "SERVICE_A_GRPC_PORT", port: 50_051 },
      faultAdmin: { variable: "FAULT_ADMIN_A_PORT", port: 9902 },
    },
  },
  "service-b": {
    app: "service-b",
    ports: {
      http: { variable: "SERVICE_B_HTTP_PORT", port: 50_062 },
      grpc: { variable: "SERVICE_B_GRPC_PORT", port: 50_052 },
      faultAdmin: { variable: "FAULT_ADMIN_B_PORT", port: 9903 },
    },
  },
} as const satisfies Readonly<Record<string, ServiceEntry>>;

/** The name of a service. */
export type ServiceName = keyof typeof SERVICES;

/** The names of all services. */
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];

/** The variable with the address of a service's fault admin port, for programs in other containers. */
export const faultAdminUrlVariable = (service: ServiceName): FaultAdminUrlVariable =>
  SERVICES[service].ports.faultAdmin.variable.replace(/_PORT$/, "_URL") as FaultAdminUrlVariable;

type FaultAdminVariable = (typeof SERVICES)[ServiceName]["ports"]["faultAdmin"]["variable"];
type FaultAdminUrlVariable = FaultAdminVariable extends `${infer Prefix}_PORT` ? `${Prefix}_URL` : never;
