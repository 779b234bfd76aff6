import { join } from "node:path";
import {
  defaultAddress,
  faultAdminUrlVariable,
  hostVariable,
  httpUrlVariable,
  listVariable,
  portVariable,
  readVariables,
  SERVICE_NAMES,
  severalVariable,
} from "@lgtm-lab/contracts";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import * as v from "valibot";

const address = (fallback: string) => v.optional(httpUrlVariable, fallback);
const publicAddress = v.optional(httpUrlVariable);
/** One for each instance of a service. */
const faultAdmin = (fallback: string) =>
  severalVariable(httpUrlVariable, "an http or https URL such as http://127.0.0.1:9902", fallback);
/** `FAULT_ADMIN_GATEWAY_URL` and so on. */
const faultAdminAddresses = Object.fromEntries(
  SERVICE_NAMES.map((service) => [
    faultAdminUrlVariable(service),
    faultAdmin(defaultAddress(service, "faultAdmin")),
  ]),
) as Record<ReturnType<typeof faultAdminUrlVariable>, ReturnType<typeof faultAdmin>>;

const schema = v.object({
  HOST: hostVariable,
  CONSOLE_PORT: portVariable(8000),
  /** Allowed hosts in addition to loopback, as `name:port`. Needed in containers. */
  CONSOLE_HOSTS: listVariable,
  LAB_STATE: v.optional(v.string(), join(REPOSITORY, ".lab")),
  /** The folder of the built web application. */
  CONSOLE_DIST: v.optional(v.string(), join(REPOSITORY, "apps/console/dist")),
  DASHBOARDS: v.optional(v.string(), join(REPOSITORY, "grafana/dashboards")),
  GATEWAY_URL: address(defaultAddress("gateway")),
  GATEWAY_REST_URL: address(defaultAddress("gateway-rest")),
  GRAFANA_URL: address("http://127.0.0.1:3000"),
  PROMETHEUS_URL: address("http://127.0.0.1:9090"),
  ALERTMANAGER_URL: address("http://127.0.0.1:9093"),
  TEMPO_URL: address("http://127.0.0.1:3200"),
  /** Not LOKI_URL, because the telemetry package sends log lines to that address. */
  CONSOLE_LOKI_URL: address("http://127.0.0.1:3100"),
  /** The addresses for browsers if they differ, as in containers. */
  GATEWAY_PUBLIC_URL: publicAddress,
  GATEWAY_REST_PUBLIC_URL: publicAddress,
  GRAFANA_PUBLIC_URL: publicAddress,
  PROMETHEUS_PUBLIC_URL: publicAddress,
  ALERTMANAGER_PUBLIC_URL: publicAddress,
  TEMPO_PUBLIC_URL: publicAddress,
  LOKI_PUBLIC_URL: publicAddress,
  ...faultAdminAddresses,
  /** The token for the fault admin ports. Defaults to the one that the launcher stores in LAB_STATE. */
  FAULT_ADMIN_TOKEN: v.optional(v.string()),
  /** The issuer of the access tokens that the gateways require, whose keys are in LAB_STATE; by default none. */
  AUTH_ISSUER: v.optional(v.string()),
});

/** Reads the console's settings. Throws if a variable is invalid. */
export const readEnv = (variables: NodeJS.ProcessEnv = process.env) => readVariables(schema, variables);

/** The console's settings. */
export type Env = ReturnType<typeof readEnv>;
