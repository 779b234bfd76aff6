import {
  faultAdminUrlVariable,
  GATEWAY_NAMES,
  INTERNAL_SERVICE_NAMES,
  SCALABLE,
  SERVICE_NAMES,
  SERVICES,
  type ServiceName,
} from "@lgtm-lab/contracts";

/** The addresses of the fault admin ports of the services. */
export const faultAdminUrls = Object.fromEntries(
  SERVICE_NAMES.map((service) => [
    service,
    process.env[faultAdminUrlVariable(service)] ??
      `http://${service}:${SERVICES[service].ports.faultAdmin.port}`,
  ]),
) as Record<ServiceName, string>;

/** Prometheus's target list (file_sd) of the services, in the format of the launcher's `targets/services.json`. */
export const serviceTargets = [...INTERNAL_SERVICE_NAMES, ...GATEWAY_NAMES].map((service) => ({
  targets: [`${service}:${SERVICES[service].ports.http.port}`],
  labels: { job: service, service_name: service },
}));

/** Those of the services that can have several instances. The script `instances` replaces them by all instances. */
export const instanceTargets = serviceTargets.filter(({ labels }) =>
  SCALABLE.some((name) => name === labels.service_name),
);

/** The file with the token of the fault admin ports. */
export const tokenFile = process.env.FAULT_ADMIN_TOKEN_FILE ?? "/run/secrets/lab/fault-admin-token";

/** The console's address for users. */
export const consoleUrl = process.env.CONSOLE_URL ?? "http://127.0.0.1:8000";

/** The users of the components that read configuration files of the clone; the same as in docker-compose.yml. */
export const USERS = {
  alertmanager: 65_534,
  grafana: 472,
  loki: 10_001,
  otelcol: 10_001,
  prometheus: 65_534,
  tempo: 10_001,
} as const;
