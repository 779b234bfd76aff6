import { corsOrigins } from "@lgtm-lab/contracts";
import { z } from "zod";

/** A port to listen on; 0 means any free port. */
export const portEnv = (defaultPort: number) =>
  z.coerce.number().int().min(0).max(65_535).default(defaultPort);

/** The environment of a service that pages of other origins may call, for the service's own schema. */
export const corsEnv = { CORS_ORIGINS: corsOrigins };

/** The environment of the fault admin port, for a service's own schema. An empty token is none. */
export const faultAdminEnv = (defaultPort: number) => ({
  FAULT_ADMIN_PORT: portEnv(defaultPort),
  /** Nobody else's business, whatever HOST the service itself listens on; a container has to open it to its network. */
  FAULT_ADMIN_HOST: z.string().default("127.0.0.1"),
  /** By what else than loopback it is called, with commas between: the service's name in a container network. */
  FAULT_ADMIN_NAMES: z
    .string()
    .default("")
    .transform((text) => text.split(",").filter((name) => name !== "")),
  FAULT_ADMIN_TOKEN: z.string().optional(),
  /** A file that has the token, where it is not to be in the environment. */
  FAULT_ADMIN_TOKEN_FILE: z.string().optional(),
});

/** What a service was told of its fault admin port. */
export type FaultAdminEnv = z.output<z.ZodObject<ReturnType<typeof faultAdminEnv>>>;
