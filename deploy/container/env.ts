/** The fault admin ports of the services, by the variables that the console knows them by; and what opens them. */
export const admin = {
  FAULT_ADMIN_GATEWAY_PORT: process.env.FAULT_ADMIN_GATEWAY_URL ?? "http://gateway:9900",
  FAULT_ADMIN_REST_PORT: process.env.FAULT_ADMIN_REST_URL ?? "http://gateway-rest:9901",
  FAULT_ADMIN_A_PORT: process.env.FAULT_ADMIN_A_URL ?? "http://service-a:9902",
  FAULT_ADMIN_B_PORT: process.env.FAULT_ADMIN_B_URL ?? "http://service-b:9903",
};

export const tokenFile = process.env.FAULT_ADMIN_TOKEN_FILE ?? "/run/secrets/lab/fault-admin-token";
