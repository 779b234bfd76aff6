import { z } from "zod";

/** The targets and the rate of the demo traffic. Throws if a variable is invalid. */
export const readEnv = () =>
  z
    .object({
      GATEWAY_URL: z.url().default("http://127.0.0.1:8080"),
      GATEWAY_REST_URL: z.url().default("http://127.0.0.1:8081"),
      LAB_TRAFFIC_RPS: z.coerce.number().min(0.1).max(1000).default(4),
    })
    .parse(process.env);
