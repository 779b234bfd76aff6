import { corsEnv, faultAdminEnv, portEnv } from "@lgtm-lab/service-runtime";
import { z } from "zod";

/** Reads the settings of service B. Throws if a variable is invalid. */
export const readEnv = () =>
  z
    .object({
      HOST: z.string().default("127.0.0.1"),
      PORT: portEnv(50_062),
      GRPC_PORT: portEnv(50_052),
      ...corsEnv,
      ...faultAdminEnv(9903),
    })
    .parse(process.env);
