import {
  corsOrigins,
  defaultAddress,
  hostVariable,
  httpUrlVariable,
  portVariable,
  readVariables,
  SERVICES,
  severalVariable,
  wholeNumberVariable,
} from "@lgtm-lab/contracts";
import { faultAdminEnv } from "@lgtm-lab/faults";
import { BALANCING_ALGORITHMS } from "@lgtm-lab/resilience";
import {
  healthPortVariables,
  serverTlsVariables,
  tlsFilesOf,
  upstreamTlsVariables,
} from "@lgtm-lab/service-runtime";
import * as v from "valibot";

const [a, b] = [SERVICES["service-a"].ports, SERVICES["service-b"].ports];

/** Returns the path in `file:/path`, which stands for the addresses in this file; undefined for an address. */
export const instanceFile = (address: string): string | undefined =>
  /^file:(?:\/\/)?(\/[^/].*)$/.exec(address)?.[1];
const isFile = v.check((text: string) => instanceFile(text) !== undefined);

const grpcAddress = (fallback: string) =>
  severalVariable(
    v.union([v.pipe(v.string(), v.regex(/^(?!file:)\S+$/)), v.pipe(v.string(), isFile)]),
    "an address such as 127.0.0.1:50051 or file:/path",
    fallback,
  );
const restAddress = (fallback: string) =>
  severalVariable(
    v.union([httpUrlVariable, v.pipe(v.string(), isFile)]),
    "an http or https URL such as http://127.0.0.1:8080, or file:/path",
    fallback,
  );

const HOUR_MS = 3_600_000;
/** The time between two rounds of something; 0 turns it off. */
const interval = wholeNumberVariable(0, { min: 20, max: HOUR_MS, orZero: true });

const onOff = v.optional(v.picklist(["off", "on"], "off or on"), "off");
/** What identifies a client. Not a header with a secret: clients can invent values, and they stay in memory. */
const clientKey = v.pipe(
  v.string(),
  v.regex(
    /^(?!(?:proxy-)?authorization$|cookie$)[\w-]+$/i,
    "client-address, or the name of a request header (not authorization or cookie)",
  ),
);
const balancing = v.optional(
  v.picklist(BALANCING_ALGORITHMS, BALANCING_ALGORITHMS.join(", ")),
  "round-robin",
);

/** The variables of docs/resilience.md. By default every mechanism is off. */
const resilience = {
  UPSTREAM_RETRIES: wholeNumberVariable(0, { min: 0, max: 5 }),
  UPSTREAM_RETRY_BUDGET: wholeNumberVariable(20, { min: 1, max: 100 }),
  UPSTREAM_ATTEMPT_TIMEOUT_MS: wholeNumberVariable(0, { min: 10, max: HOUR_MS, orZero: true }),
  UPSTREAM_BREAKER_FAILURES: wholeNumberVariable(0, { min: 0, max: 1_000 }),
  UPSTREAM_BREAKER_OPEN_MS: wholeNumberVariable(5000, { min: 1, max: HOUR_MS }),
  UPSTREAM_EJECTION_FAILURES: wholeNumberVariable(0, { min: 0, max: 1_000 }),
  UPSTREAM_EJECTION_MS: wholeNumberVariable(10000, { min: 1, max: HOUR_MS }),
  UPSTREAM_HEALTH_CHECK_MS: interval,
  UPSTREAM_DNS_MS: interval,
  SERVICE_A_BALANCING: balancing,
  SERVICE_B_BALANCING: balancing,
  SERVICE_A_BALANCING_KEY: v.optional(clientKey),
  SERVICE_B_BALANCING_KEY: v.optional(clientKey),
  BALANCING_KEY: v.optional(clientKey, "client-address"),
  HELLO_FALLBACK: onOff,
};

/** The variables of docs/edge.md. By default every mechanism is off. */
const edge = {
  RATE_LIMIT: wholeNumberVariable(0, { min: 0, max: 100_000 }),
  RATE_LIMIT_BURST: wholeNumberVariable(0, { min: 0, max: 1_000_000 }),
  RATE_LIMIT_KEY: v.optional(clientKey, "client-address"),
  HELLO_CACHE_MS: wholeNumberVariable(0, { min: 0, max: HOUR_MS }),
  REQUEST_ID: onOff,
  SECURITY_HEADERS: onOff,
};

/** Schema of an address without the given parts. */
const urlWithout = (rule: string, ...parts: readonly ("username" | "password" | "search" | "hash")[]) =>
  v.optional(
    v.pipe(
      httpUrlVariable,
      v.check((url) => parts.every((part) => new URL(url)[part] === ""), rule),
    ),
  );
const NO_USER = "an http or https URL without user and password";

/** The variables of docs/authentication.md. Without AUTH_ISSUER, tokens are not checked. */
const authentication = {
  AUTH_ISSUER: urlWithout(`${NO_USER}, query and fragment`, "username", "password", "search", "hash"),
  AUTH_AUDIENCE: v.optional(v.string()),
  AUTH_JWKS_URL: urlWithout(NO_USER, "username", "password"),
  AUTH_JWKS_MAX_AGE_S: wholeNumberVariable(300, { min: 10, max: 86_400 }),
  AUTH_SKEW_S: wholeNumberVariable(5, { min: 0, max: 300 }),
};

/** The variables of docs/tls.md. By default neither the clients nor the gateway use TLS. */
const tls = { ...serverTlsVariables, ...upstreamTlsVariables };

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
      ROUTES_FILE: v.optional(v.string()),
      ...resilience,
      ...authentication,
      ...edge,
      ...tls,
      ...healthPortVariables,
      ...faultAdminEnv(SERVICES.gateway.ports.faultAdmin.port),
    }),
  );
  if (!settings.AUTH_ISSUER && (settings.AUTH_AUDIENCE || settings.AUTH_JWKS_URL))
    throw new Error(
      "AUTH_AUDIENCE or AUTH_JWKS_URL is set, but AUTH_ISSUER is not, so no token would be checked. Set AUTH_ISSUER.",
    );
  if (settings.UPSTREAM_ATTEMPT_TIMEOUT_MS > 0 && settings.UPSTREAM_RETRIES === 0 && !settings.ROUTES_FILE)
    throw new Error(
      "UPSTREAM_ATTEMPT_TIMEOUT_MS is set, but UPSTREAM_RETRIES is not, so no attempt would be retried. Set UPSTREAM_RETRIES.",
    );
  const upstreamTls = tlsFilesOf(upstreamTlsVariables, settings);
  if (upstreamTls && protocol === "rest")
    for (const name of ["SERVICE_A_REST", "SERVICE_B_REST"] as const)
      if (settings[name].some((address) => /^http:/i.test(address)))
        throw new Error(`${name} must have https addresses, because ${upstreamTls.ca?.variable} is set.`);
  return { ...settings, protocol, serverTls: tlsFilesOf(serverTlsVariables, settings), upstreamTls };
}

/** The gateway's settings. */
export type Env = ReturnType<typeof readEnv>;

/** Whether the calls to A and B use a mechanism of docs/resilience.md. Each route in a routes file can have retries. */
export const isResilient = (env: Env): boolean =>
  env.ROUTES_FILE !== undefined ||
  env.UPSTREAM_RETRIES > 0 ||
  env.UPSTREAM_BREAKER_FAILURES > 0 ||
  env.UPSTREAM_EJECTION_FAILURES > 0 ||
  env.UPSTREAM_HEALTH_CHECK_MS > 0 ||
  env.UPSTREAM_DNS_MS > 0 ||
  addressesOf(env).some(
    (addresses) => addresses.length > 1 || addresses.some((each) => instanceFile(each) !== undefined),
  );

/** Returns the addresses of A and of B, for the protocol that the gateway uses. */
export const addressesOf = (env: Env): readonly [a: readonly string[], b: readonly string[]] =>
  env.protocol === "grpc"
    ? [env.SERVICE_A_GRPC, env.SERVICE_B_GRPC]
    : [env.SERVICE_A_REST, env.SERVICE_B_REST];
