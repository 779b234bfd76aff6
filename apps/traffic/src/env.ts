import { defaultAddress, httpUrlVariable, numberVariable, readVariables } from "@lgtm-lab/contracts";
import * as v from "valibot";

/** Returns the settings of the demo traffic: its targets, its rate, and how it obtains tokens. Throws if one is invalid. */
export const readEnv = () =>
  readVariables(
    v.object({
      GATEWAY_URL: v.optional(httpUrlVariable, defaultAddress("gateway")),
      GATEWAY_REST_URL: v.optional(httpUrlVariable, defaultAddress("gateway-rest")),
      /** The issuer of the access tokens that the gateways require, whose keys are in LAB_STATE; by default none. */
      AUTH_ISSUER: v.optional(v.string()),
      LAB_STATE: v.optional(v.string(), ".lab"),
      LAB_TRAFFIC_RPS: v.optional(numberVariable(0.1, 1000, "a number from 0.1 to 1000"), "4"),
    }),
  );
