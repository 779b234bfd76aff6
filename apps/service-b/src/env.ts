import { corsEnv, faultAdminEnv } from "@lgtm-lab/kit";
import { z } from "zod";

const port = z.coerce.number().int().min(0).max(65_535);

/** Where service B listens. Throws when a variable is not what it must be. */
export const readEnv = () =>
  z
    .object({
      HOST: z.string().default("127.0.0.1"),
      PORT: port.default(50_062),
      GRPC_PORT: port.default(50_052),
      ...corsEnv,
      ...faultAdminEnv(9903),
    })
    .parse(process.env);
