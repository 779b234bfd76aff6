/** The fault admin port of the service in whose container this runs. */
export const faultAdmin = {
  port: process.env.FAULT_ADMIN_PORT ?? "",
  tokenFile: process.env.FAULT_ADMIN_TOKEN_FILE ?? "",
};
