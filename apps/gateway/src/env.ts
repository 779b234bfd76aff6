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
import { BALANCING } from "@lgtm-lab/resilience/balancing";
import * as v from "valibot";

const [a, b] = [SERVICES["service-a"].ports, SERVICES["service-b"].ports];

/** Schema of a variable with one address, or with several that are separated by commas. */
const listOf = (item: v.GenericSchema<string, string>, rule: string, fallback: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(",").map((each) => each.trim())),
      v.check(
        (list) => new Set(list).size === list.length && list.every((each) => v.is(item, each)),
        `${rule}, or several different ones separated by commas`,
      ),
    ),
    fallback,
  );

const grpcAddress = (fallback: string) =>
  listOf(v.pipe(v.string(), v.regex(/^\S+$/)), "an address such as 127.0.0.1:50051", fallback);
const restAddress = (fallback: string) =>
  listOf(httpUrlVariable, "an http or https URL such as http://127.0.0.1:8080", fallback);

/** Schema of a variable with a whole number. */
const wholeNumber = (min: number, max: number, fallback: string) => {
  const rule = `a whole number from ${min} to ${max}`;
  return v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d+$/, rule),
      v.transform(Number),
      v.minValue(min, rule),
      v.maxValue(max, rule),
    ),
    fallback,
  );
};

/** Schema of a variable with the time between two rounds of something, which 0 turns off; milliseconds. */
const interval = () => {
  const rule = "0, or a whole number from 20 to 3600000";
  return v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d+$/, rule),
      v.transform(Number),
      v.check((ms) => ms === 0 || (ms >= 20 && ms <= 3_600_000), rule),
    ),
    "0",
  );
};

const balancing = v.optional(v.picklist(BALANCING, BALANCING.join(", ")), "round-robin");

/** The variables of docs/resilience.md. By default every mechanism is off. */
const resilience = {
  UPSTREAM_RETRIES: wholeNumber(0, 5, "0"),
  UPSTREAM_RETRY_BUDGET: wholeNumber(1, 100, "20"),
  UPSTREAM_BREAKER_FAILURES: wholeNumber(0, 1_000, "0"),
  UPSTREAM_BREAKER_OPEN_MS: wholeNumber(1, 3_600_000, "5000"),
  UPSTREAM_EJECTION_FAILURES: wholeNumber(0, 1_000, "0"),
  UPSTREAM_EJECTION_MS: wholeNumber(1, 3_600_000, "10000"),
  UPSTREAM_HEALTH_CHECK_MS: interval(),
  UPSTREAM_DNS_MS: interval(),
  SERVICE_A_BALANCING: balancing,
  SERVICE_B_BALANCING: balancing,
  BALANCING_KEY: v.optional(
    v.pipe(v.string(), v.regex(/^[\w-]+$/, "client-address, or the name of a request header")),
    "client-address",
  ),
  HELLO_FALLBACK: v.optional(v.picklist(["off", "on"], "off or on"), "off"),
};

/**
 * Reads the gateway's settings: its addresses and those of A and B. `BACKEND` is the variable for the protocol. Throws if
 * a variable is invalid.
 */
export function readEnv() {
  const { BACKEND: protocol, ...settings } = readVariables(
    v.object({
      HOST: hostVariable,
      PORT: portVariable(SERVICES.gateway.ports.http.port),
      BACKEND: v.optional(v.picklist(["grpc", "rest"], "grpc or rest"), "grpc"),
      SERVICE_A_GRPC: grpcAddress(`127.0.0.1:${a.grpc.port}`),
      SERVICE_B_GRPC: grpcAddress(`127.0.0.1:${b.grpc.port}`),
      SERVICE_A_REST: restAddress(defaultAddress("service-a")),
      SERVICE_B_REST: restAddress(defaultAddress("service-b")),
      CONSOLE_URL: v.optional(httpUrlVariable, "http://127.0.0.1:8000"),
      CORS_ORIGINS: corsOrigins,
      ...resilience,
      ...faultAdminEnv(SERVICES.gateway.ports.faultAdmin.port),
    }),
  );
  return { ...settings, protocol };
}

/** The gateway's settings. */
export type Env = ReturnType<typeof readEnv>;

/** Whether the calls to A and B use a mechanism of docs/resilience.md. */
export const isResilient = (env: Env): boolean =>
  env.UPSTREAM_RETRIES > 0 ||
  env.UPSTREAM_BREAKER_FAILURES > 0 ||
  env.UPSTREAM_EJECTION_FAILURES > 0 ||
  env.UPSTREAM_HEALTH_CHECK_MS > 0 ||
  env.UPSTREAM_DNS_MS > 0 ||
  addressesOf(env).some(({ length }) => length > 1);

/** Returns the addresses of A and of B, for the protocol that the gateway uses. */
export const addressesOf = (env: Env): readonly [a: readonly string[], b: readonly string[]] =>
  env.protocol === "grpc"
    ? [env.SERVICE_A_GRPC, env.SERVICE_B_GRPC]
    : [env.SERVICE_A_REST, env.SERVICE_B_REST];
