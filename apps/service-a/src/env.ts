import { corsOrigins, hostVariable, portVariable, readVariables, SERVICES } from "@lgtm-lab/contracts";
import { faultAdminEnv } from "@lgtm-lab/faults";
import { healthPortVariables, mutualTlsVariables } from "@lgtm-lab/service-runtime";
import * as v from "valibot";

const { ports } = SERVICES["service-a"];

const file = v.optional(v.string());

/** The expired certificate of the fault `expired-cert`. */
export const faultTlsVariables = { FAULT_TLS_CERT_FILE: file, FAULT_TLS_KEY_FILE: file };

/** Reads the settings of service A. Throws if a variable is invalid. */
export const readEnv = () =>
  readVariables(
    v.object({
      HOST: hostVariable,
      PORT: portVariable(ports.http.port),
      GRPC_PORT: portVariable(ports.grpc.port),
      CORS_ORIGINS: corsOrigins,
      ...mutualTlsVariables,
      ...faultTlsVariables,
      ...healthPortVariables,
      ...faultAdminEnv(ports.faultAdmin.port),
    }),
  );
