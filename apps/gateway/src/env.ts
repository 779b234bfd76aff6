import {
  corsOrigins,
  defaultAddress,
  hostVariable,
  httpUrlVariable,
  portVariable,
  readVariables,
  SERVICES,
} from "@lgtm-lab/contracts";
import { faultAdminEnv } from "@lgtm-lab/faults";
import * as v from "valibot";

const [a, b] = [SERVICES["service-a"].ports, SERVICES["service-b"].ports];

/** Reads the gateway's settings: its addresses and those of A and B. Throws if a variable is invalid. */
export const readEnv = () =>
  readVariables(
    v.object({
      HOST: hostVariable,
      PORT: portVariable(SERVICES.gateway.ports.http.port),
      BACKEND: v.optional(v.picklist(["grpc", "rest"], "grpc or rest"), "grpc"),
      SERVICE_A_GRPC: v.optional(v.string(), `127.0.0.1:${a.grpc.port}`),
      SERVICE_B_GRPC: v.optional(v.string(), `127.0.0.1:${b.grpc.port}`),
      SERVICE_A_REST: v.optional(httpUrlVariable, defaultAddress("service-a")),
      SERVICE_B_REST: v.optional(httpUrlVariable, defaultAddress("service-b")),
      CONSOLE_URL: v.optional(httpUrlVariable, "http://127.0.0.1:8000"),
      CORS_ORIGINS: corsOrigins,
      ...faultAdminEnv(SERVICES.gateway.ports.faultAdmin.port),
    }),
  );

/** The gateway's settings. */
export type Env = ReturnType<typeof readEnv>;
