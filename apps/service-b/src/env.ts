import { corsOrigins, hostVariable, portVariable, readVariables, SERVICES } from "@lgtm-lab/contracts";
import { faultAdminEnv } from "@lgtm-lab/faults";
import { healthPortVariables, mutualTlsVariables } from "@lgtm-lab/service-runtime";
import * as v from "valibot";

const { ports } = SERVICES["service-b"];

/** Reads the settings of service B. Throws if a variable is invalid. */
export const readEnv = () =>
  readVariables(
    v.object({
      HOST: hostVariable,
      PORT: portVariable(ports.http.port),
      GRPC_PORT: portVariable(ports.grpc.port),
      CORS_ORIGINS: corsOrigins,
      ...mutualTlsVariables,
      ...healthPortVariables,
      ...faultAdminEnv(ports.faultAdmin.port),
    }),
  );
