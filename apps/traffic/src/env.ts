import { defaultAddress, httpUrlVariable, numberVariable, readVariables } from "@lgtm-lab/contracts";
import * as v from "valibot";

/** Returns the targets and the rate of the demo traffic. Throws if a variable is invalid. */
export const readEnv = () =>
  readVariables(
    v.object({
      GATEWAY_URL: v.optional(httpUrlVariable, defaultAddress("gateway")),
      GATEWAY_REST_URL: v.optional(httpUrlVariable, defaultAddress("gateway-rest")),
      LAB_TRAFFIC_RPS: v.optional(numberVariable(0.1, 1000, "a number from 0.1 to 1000"), "4"),
    }),
  );
