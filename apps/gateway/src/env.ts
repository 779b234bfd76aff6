import { corsOrigins, hostVariable, httpUrlVariable, portVariable, readVariables } from "@lgtm-lab/contracts";
import { faultAdminEnv } from "@lgtm-lab/faults";
import { z } from "zod";

/** Reads the gateway's settings: its addresses and those of A and B. Throws if a variable is invalid. */
export const readEnv = () =>
  readVariables(
    z.object({
      HOST: hostVariable,
      PORT: portVariable(8080),
      BACKEND: z.enum(["grpc", "rest"], { error: "grpc or rest" }).default("grpc"),
      SERVICE_A_GRPC: z.string().default("127.0.0.1:50051"),
      SERVICE_B_GRPC: z.string().default("127.0.0.1:50052"),
      SERVICE_A_REST: httpUrlVariable.default("http://127.0.0.1:50061"),
      SERVICE_B_REST: httpUrlVariable.default("http://127.0.0.1:50062"),
      CONSOLE_URL: httpUrlVariable.default("http://127.0.0.1:8000"),
      CORS_ORIGINS: corsOrigins,
      ...faultAdminEnv(9900),
    }),
  );

/** The gateway's settings. */
export type Env = ReturnType<typeof readEnv>;
