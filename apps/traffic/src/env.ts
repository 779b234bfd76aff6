import { httpUrlVariable, readVariables } from "@lgtm-lab/contracts";
import { z } from "zod";

const rate = { error: "a number from 0.1 to 1000" };

/** The targets and the rate of the demo traffic. Throws if a variable is invalid. */
export const readEnv = () =>
  readVariables(
    z.object({
      GATEWAY_URL: httpUrlVariable.default("http://127.0.0.1:8080"),
      GATEWAY_REST_URL: httpUrlVariable.default("http://127.0.0.1:8081"),
      LAB_TRAFFIC_RPS: z.coerce.number(rate).min(0.1, rate).max(1000, rate).default(4),
    }),
  );
