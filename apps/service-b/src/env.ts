import { corsOrigins, hostVariable, portVariable, readVariables } from "@lgtm-lab/contracts";
import { faultAdminEnv } from "@lgtm-lab/faults";
import { z } from "zod";

/** Reads the settings of service B. Throws if a variable is invalid. */
export const readEnv = () =>
  readVariables(
    z.object({
      HOST: hostVariable,
      PORT: portVariable(50_062),
      GRPC_PORT: portVariable(50_052),
      CORS_ORIGINS: corsOrigins,
      ...faultAdminEnv(9903),
    }),
  );
