import { corsOrigins, hostVariable, portVariable, readVariables } from "@lgtm-lab/contracts";
import { faultAdminEnv } from "@lgtm-lab/faults";
import { z } from "zod";

/** Reads the settings of service A. Throws if a variable is invalid. */
export const readEnv = () =>
  readVariables(
    z.object({
      HOST: hostVariable,
      PORT: portVariable(50_061),
      GRPC_PORT: portVariable(50_051),
      CORS_ORIGINS: corsOrigins,
      ...faultAdminEnv(9902),
    }),
  );
