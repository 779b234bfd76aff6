import {
  faultAdminUrlVariable,
  GATEWAY_NAMES,
  INTERNAL_SERVICE_NAMES,
  SCALABLE,
  SERVICE_NAMES,
  SERVICES,
  type ServiceName,
} from "@lgtm-lab/contracts";
import { DEFAULT_PORTS } from "../../packages/stack/src/ports.ts";

/** The addresses of the fault admin ports of the services. */
export const faultAdminUrls = Object.fromEntries(
  SERVICE_NAMES.map((service) => [
    service,
    process.env[faultAdminUrlVariable(service)] ??
      `http://${service}:${SERVICES[service].ports.faultAdmin.port}`,
  ]),
) as Record<ServiceName, string>;

/**
 * Prometheus's target lists (file_sd) of the programs that TLS changes, in the format of the launcher's
 * `targets/services.json` and `targets/stack.json`. `instances` are the services that can have several instances; the
 * script `instances` lists all of them later.
 */
export function scrapeTargets({ tls }: { tls: boolean }) {
  const group = (name: string, port: number) => ({
    targets: [`${name}:${port}`],
    labels: { job: name, service_name: name, ...(tls && { __scheme__: "https" }) },
  });
  const groupsOf = (names: readonly ServiceName[]) =>
    names.map((name) => group(name, SERVICES[name].ports.http.port));
  return {
    instances: groupsOf(SCALABLE),
    services: groupsOf([
      ...INTERNAL_SERVICE_NAMES.filter((name) => !SCALABLE.includes(name)),
      ...GATEWAY_NAMES,
    ]),
    stack: [group("loki", DEFAULT_PORTS.LOKI_PORT)],
  };
}

/** Where the containers `init` and `certificates` mount the volumes. */
export const VOLUMES = "/volumes";
/** The volume of the CA, and the folder of the volumes with the files of each owner of a certificate. */
export const CERTIFICATES = `${VOLUMES}/certificates`;
export const TLS = `${VOLUMES}/tls`;

/** The file with the token of the fault admin ports. */
export const tokenFile = process.env.FAULT_ADMIN_TOKEN_FILE ?? "/run/secrets/lab/fault-admin-token";

/** The console's address for users. */
export const consoleUrl = process.env.CONSOLE_URL ?? "http://127.0.0.1:8000";

/** The user of our services, and of the containers `probe` and `certificates`. */
export const SERVICE_USER = 1000;

/** The users of the components that read configuration files of the clone; the same as in docker-compose.yml. */
export const USERS = {
  alertmanager: 65_534,
  grafana: 472,
  loki: 10_001,
  otelcol: 10_001,
  prometheus: 65_534,
  tempo: 10_001,
} as const;
