import { z } from "zod";

/** The environment of the fault admin port, for a service's own schema. An empty token is none. */
export const faultAdminEnv = (defaultPort: number) => ({
  FAULT_ADMIN_PORT: z.coerce.number().int().min(0).max(65_535).default(defaultPort),
  FAULT_ADMIN_TOKEN: z.string().optional(),
});
