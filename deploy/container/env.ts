/** The fault admin ports of the services, by the variables that the console knows them by; and what opens them. */
export const admin = {
  FAULT_ADMIN_GATEWAY_PORT: process.env.FAULT_ADMIN_GATEWAY_URL ?? "http://gateway:9900",
  FAULT_ADMIN_REST_PORT: process.env.FAULT_ADMIN_REST_URL ?? "http://gateway-rest:9901",
  FAULT_ADMIN_A_PORT: process.env.FAULT_ADMIN_A_URL ?? "http://service-a:9902",
  FAULT_ADMIN_B_PORT: process.env.FAULT_ADMIN_B_URL ?? "http://service-b:9903",
};

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
