import { hostVariable, listVariable, portVariable } from "@lgtm-lab/contracts";
import { z } from "zod";

/** The environment variables of the fault admin port, for the service's schema. */
export const faultAdminEnv = (defaultPort: number) => ({
  FAULT_ADMIN_PORT: portVariable(defaultPort),
  /** Loopback even if HOST is another address. In a container it must be an address of the container network. */
  FAULT_ADMIN_HOST: hostVariable,
  /** Allowed host names besides loopback: the service's name in a container network. */
  FAULT_ADMIN_NAMES: listVariable,
  FAULT_ADMIN_TOKEN: z.string().optional(),
  /** A file with the token, as an alternative to the variable. */
  FAULT_ADMIN_TOKEN_FILE: z.string().optional(),
});

/** The settings of the fault admin port. */
export type FaultAdminEnv = z.output<z.ZodObject<ReturnType<typeof faultAdminEnv>>>;
