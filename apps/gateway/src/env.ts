import {
  corsOrigins,
  hostVariable,
  httpUrlVariable,
  portVariable,
  readVariables,
  SERVICES,
} from "@lgtm-lab/contracts";
import { faultAdminEnv } from "@lgtm-lab/faults";
import { z } from "zod";

const [a, b] = [SERVICES["service-a"].ports, SERVICES["service-b"].ports];

/** Reads the gateway's settings: its addresses and those of A and B. Throws if a variable is invalid. */
export const readEnv = () =>
  readVariables(
    z.object({
      HOST: hostVariable,
      PORT: portVariable(SERVICES.gateway.ports.http.port),
      BACKEND: z.enum(["grpc", "rest"], { error: "grpc or rest" }).default("grpc"),
      SERVICE_A_GRPC: z.string().default(`127.0.0.1:${a.grpc.port}`),
      SERVICE_B_GRPC: z.string().default(`127.0.0.1:${b.grpc.port}`),
      SERVICE_A_REST: httpUrlVariable.default(`http://127.0.0.1:${a.http.port}`),
      SERVICE_B_REST: httpUrlVariable.default(`http://127.0.0.1:${b.http.port}`),
      CONSOLE_URL: httpUrlVariable.default("http://127.0.0.1:8000"),
      CORS_ORIGINS: corsOrigins,
      ...faultAdminEnv(SERVICES.gateway.ports.faultAdmin.port),
    }),
  );

/** The gateway's settings. */
export type Env = ReturnType<typeof readEnv>;
