import { corsOrigins } from "@lgtm-lab/contracts";
import { z } from "zod";

/** A port to listen on; 0 means any free port. */
export const portEnv = (defaultPort: number) =>
  z.coerce.number().int().min(0).max(65_535).default(defaultPort);

/** The environment variables of a service that allows CORS, for the service's schema. */
export const corsEnv = { CORS_ORIGINS: corsOrigins };

/** The environment variables of the fault admin port, for the service's schema. An empty token counts as unset. */
export const faultAdminEnv = (defaultPort: number) => ({
  FAULT_ADMIN_PORT: portEnv(defaultPort),
  /** Loopback even if HOST is another address. In a container it must be an address of the container network. */
  FAULT_ADMIN_HOST: z.string().default("127.0.0.1"),
  /** Allowed host names besides loopback, separated by commas: the service's name in a container network. */
  FAULT_ADMIN_NAMES: z
    .string()
    .default("")
    .transform((text) => text.split(",").filter((name) => name !== "")),
  FAULT_ADMIN_TOKEN: z.string().optional(),
  /** A file with the token, as an alternative to the variable. */
  FAULT_ADMIN_TOKEN_FILE: z.string().optional(),
});

/** The settings of the fault admin port. */
export type FaultAdminEnv = z.output<z.ZodObject<ReturnType<typeof faultAdminEnv>>>;
