import { corsEnv, faultAdminEnv, portEnv } from "@lgtm-lab/service-runtime";
import { z } from "zod";

/** Reads the gateway's settings: its addresses and those of A and B. Throws if a variable is invalid. */
export const readEnv = () =>
  z
    .object({
      HOST: z.string().default("127.0.0.1"),
      PORT: portEnv(8080),
      BACKEND: z.enum(["grpc", "rest"]).default("grpc"),
      SERVICE_A_GRPC: z.string().default("127.0.0.1:50051"),
      SERVICE_B_GRPC: z.string().default("127.0.0.1:50052"),
      SERVICE_A_REST: z.url().default("http://127.0.0.1:50061"),
      SERVICE_B_REST: z.url().default("http://127.0.0.1:50062"),
      CONSOLE_URL: z.url().default("http://127.0.0.1:8000"),
      ...corsEnv,
      ...faultAdminEnv(9900),
    })
    .parse(process.env);

/** The gateway's settings. */
export type Env = ReturnType<typeof readEnv>;
