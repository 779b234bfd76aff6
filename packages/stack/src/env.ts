import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import {
  corsOrigins,
  drainMsVariable,
  invalidVariables,
  LabError,
  numberVariable,
  portVariable,
  SLO_PROFILE_NAMES,
  type SloProfileName,
  setVariables,
} from "@lgtm-lab/contracts";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import * as v from "valibot";
import { noProxyVariables } from "./no-proxy.mjs";
import { DEFAULT_PORTS, isBlocked, PORT_VARIABLES, type Ports } from "./ports.ts";

// Adds loopback to no_proxy, for requests of this process and for helpers that inherit its environment.
Object.assign(process.env, noProxyVariables(process.env));

/** A proxy, and the variable that names it. */
export interface NamedProxy {
  readonly variable: string;
  readonly address: string;
}

export interface ProxySettings {
  /** For `http://` and for `https://` addresses. */
  readonly http?: NamedProxy;
  readonly https?: NamedProxy;
  /** Hosts that are called directly; loopback is among them. */
  readonly noProxy: string;
}

/** The connection of each separate host with the network of `--hosts`. */
export interface HostLink {
  /** Bandwidth in megabits a second, for what it sends and for what it receives (`LAB_HOSTS_MBIT`). */
  readonly mbit: number;
  /** Delay of what it sends (`LAB_HOSTS_DELAY_MS`). */
  readonly delayMs: number;
  /** The part of the packets it sends that are dropped (`LAB_HOSTS_LOSS_PERCENT`). */
  readonly lossPercent: number;
}

/** The user's settings, from environment variables. This file is the only reader of `process.env` in this package. */
export interface Environment {
  readonly ports: Ports;
  /** The folder of data, logs and pid files (`LAB_STATE`). */
  readonly stateFolder: string;
  /** The cache of programs, shared by all clones (`$XDG_CACHE_HOME/lgtm-lab`). */
  readonly cache: string;
  /** Requests a second of the demo traffic (`LAB_TRAFFIC_RPS`). */
  readonly trafficRps: number;
  readonly hostLink: HostLink;
  /** The windows of the SLO rules (`LAB_SLO_PROFILE`): the demo's are 1/30 of production's. */
  readonly sloProfile: SloProfileName;
  /** The password of Grafana's admin (`GF_SECURITY_ADMIN_PASSWORD`); undefined: one is created and shown once. */
  readonly grafanaPassword: string | undefined;
  /** Paths of programs that the user has set: `TEMPO_BIN=…`, `GRAFANA_HOME=…`, `LAB_COMPOSE=…`. */
  readonly paths: Readonly<Record<string, string>>;
  /** The proxies for downloading releases. */
  readonly proxy: ProxySettings;
  /** The variables of the user's environment that every child needs. */
  readonly basic: Readonly<Record<string, string>>;
  /** The user's telemetry settings, which override ours in the services. */
  readonly telemetry: Readonly<Record<string, string>>;
  /**
   * Variables of otel-collector.yaml, tempo.yaml and loki.yaml that the user may set, by the component that reads them.
   */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The time that running calls have when a service stops (`DRAIN_MS`). */
  readonly drainMs: number;
  /** The user's other settings for the services: `CORS_ORIGINS`, `DRAIN_MS`, and those of the gateways. */
  readonly serviceSettings: Readonly<Record<string, string>>;
}

/**
 * An origin as browsers send it: scheme, host and an optional port, without a path, not even `/`. One `*` matches any
 * characters.
 */
const ORIGIN = /^(?!.*\*.*\*)[a-z][a-z0-9+.-]*:\/\/[^\s,/?#]+$/i;
const ORIGINS =
  "a comma-separated list of origins such as http://localhost:5173; * allows every origin, none allows no origin";

/** A list for the collector, which splits it at commas and does not trim. */
const origins = v.pipe(
  v.string(),
  v.transform((list) => list.split(",").map((origin) => origin.trim())),
  v.check((list) => list.every((origin) => /^(\*|none)$/.test(origin) || ORIGIN.test(origin)), ORIGINS),
  v.transform((list) => list.join(",")),
);

const limit = v.pipe(
  v.string(),
  v.check(
    (text) => /^\d+$/.test(text) && +text >= 1 && +text < 2 ** 32,
    "a whole number from 1 to 4294967295",
  ),
);

const schema = v.object({
  ...Object.fromEntries(PORT_VARIABLES.map((name) => [name, portVariable(DEFAULT_PORTS[name], { min: 1 })])),
  LAB_STATE: v.optional(v.string(), join(REPOSITORY, ".lab")),
  XDG_CACHE_HOME: v.optional(v.string(), join(homedir(), ".cache")),
  LAB_SLO_PROFILE: v.optional(v.picklist(SLO_PROFILE_NAMES, SLO_PROFILE_NAMES.join(" or ")), "demo"),
  GF_SECURITY_ADMIN_PASSWORD: v.optional(v.string()),
  CORS_ORIGINS: corsOrigins,
  DRAIN_MS: drainMsVariable,
  LAB_TRAFFIC_RPS: v.optional(numberVariable(0.1, 1000, "a number from 0.1 to 1000"), "4"),
  LAB_HOSTS_MBIT: v.optional(numberVariable(1, 10_000, "a number from 1 to 10000"), "100"),
  LAB_HOSTS_DELAY_MS: v.optional(numberVariable(0, 1000, "a number from 0 to 1000"), "0.5"),
  LAB_HOSTS_LOSS_PERCENT: v.optional(numberVariable(0, 50, "a number from 0 to 50"), "0"),
  OTELCOL_CORS_ORIGINS: v.optional(origins),
  TEMPO_MAX_ACTIVE_SERIES: v.optional(limit),
  LOKI_MAX_STREAMS: v.optional(limit),
});

/** The variables that each component reads. Its configuration file has the default. */
const SETTINGS = {
  otelcol: ["OTELCOL_CORS_ORIGINS"],
  tempo: ["TEMPO_MAX_ACTIVE_SERIES"],
  loki: ["LOKI_MAX_STREAMS"],
} as const;

const BASIC = /^(PATH|HOME|USER|LANG|LC_.*|TZ|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS)$/;
/** For calls of a component to other machines, such as a remote collector or a receiver of alerts. */
const PROXY =
  /^(https?_proxy|HTTPS?_PROXY|(all|grpc|no|no_grpc)_proxy|(ALL|GRPC|NO)_PROXY|NODE_USE_ENV_PROXY)$/;
const TELEMETRY =
  /^(OTEL_(?!SERVICE_NAME$).*|LOKI_(URL|CERTIFICATE|CLIENT_(CERTIFICATE|KEY))|LOG_LEVEL|TELEMETRY_.*)$/;
/** All but the first two are for the gateways (docs/{resilience,edge,authentication,routing}.md), which check them. */
const SERVICE_SETTINGS =
  /^(CORS_ORIGINS|DRAIN_MS|UPSTREAM_[A-Z_]+|SERVICE_[AB]_(GRPC|REST|BALANCING(_KEY)?)|BALANCING_KEY|HELLO_(FALLBACK|CACHE_MS)|RATE_LIMIT(_[A-Z]+)?|REQUEST_ID|SECURITY_HEADERS|AUTH_[A-Z_]+|ROUTES_FILE)$/;
const PATHS = /^([A-Z_]+_(BIN|HOME)|LAB_COMPOSE)$/;

/**
 * Reads and checks the environment. An empty variable counts as not set, except LOKI_URL: lines then go to stdout only.
 * @throws LabError with the variable and its allowed values.
 */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const set = { ...setVariables(variables), ...(variables.LOKI_URL === "" && { LOKI_URL: "" }) };
  const given: Record<string, string> = { ...set, ...noProxyVariables(set) };
  const parsed = v.safeParse(schema, given, { abortPipeEarly: true });
  if (!parsed.success) throw new LabError(invalidVariables(parsed.issues, given));
  const { LAB_STATE, XDG_CACHE_HOME, LAB_SLO_PROFILE, LAB_TRAFFIC_RPS, GF_SECURITY_ADMIN_PASSWORD } =
    parsed.output;
  const { LAB_HOSTS_MBIT, LAB_HOSTS_DELAY_MS, LAB_HOSTS_LOSS_PERCENT } = parsed.output;
  const ports = Object.fromEntries(
    PORT_VARIABLES.map((name) => [name, (parsed.output as Record<string, unknown>)[name]]),
  ) as Ports;
  rejectSharedPorts(ports);
  rejectBlockedPorts(ports);
  const matching = (pattern: RegExp) =>
    Object.fromEntries(Object.entries(given).filter(([name]) => pattern.test(name)));
  return {
    ports,
    stateFolder: resolve(LAB_STATE),
    cache: resolve(XDG_CACHE_HOME, "lgtm-lab"),
    trafficRps: LAB_TRAFFIC_RPS,
    drainMs: parsed.output.DRAIN_MS,
    hostLink: { mbit: LAB_HOSTS_MBIT, delayMs: LAB_HOSTS_DELAY_MS, lossPercent: LAB_HOSTS_LOSS_PERCENT },
    sloProfile: LAB_SLO_PROFILE,
    grafanaPassword: GF_SECURITY_ADMIN_PASSWORD,
    paths: matching(PATHS),
    proxy: proxySettings(given),
    basic: { ...matching(BASIC), ...matching(PROXY) },
    telemetry: telemetrySettings(matching(TELEMETRY)),
    settings: Object.fromEntries(
      Object.entries(SETTINGS).map(([component, names]) => [
        component,
        Object.fromEntries(
          names.flatMap((name) => (parsed.output[name] ? [[name, parsed.output[name]]] : [])),
        ),
      ]),
    ),
    serviceSettings: {
      ...matching(SERVICE_SETTINGS),
      // Relative to this process, not to the gateways.
      ...(given.ROUTES_FILE && { ROUTES_FILE: resolve(given.ROUTES_FILE) }),
    },
  };
}

/** Returns a hash of each variable of the services and backends that is set: values can be secrets. */
export const settingHashes = ({
  serviceSettings,
  settings,
}: Pick<Environment, "serviceSettings" | "settings">): Record<string, string> =>
  Object.fromEntries(
    [serviceSettings, ...Object.values(settings)]
      .flatMap((variables) => Object.entries(variables))
      .map(([name, value]) => [name, createHash("sha256").update(`${name}=${value}`).digest("base64url")]),
  );

/** As in curl and Go, lower case has priority and the scheme is optional. */
function proxySettings(given: Readonly<Record<string, string>>): ProxySettings {
  const first = (...names: readonly string[]): NamedProxy | undefined => {
    const variable = names.find((name) => given[name]);
    const value = variable && given[variable];
    return value ? { variable, address: value.includes("://") ? value : `http://${value}` } : undefined;
  };
  const http = first("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY");
  const https = first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY");
  return { ...(http && { http }), ...(https && { https }), noProxy: given.no_proxy ?? "" };
}

/** Removes a protocol without an address, because the stack's own address is for gRPC. */
function telemetrySettings(given: Record<string, string>): Record<string, string> {
  if (given.OTEL_EXPORTER_OTLP_ENDPOINT || given.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return given;
  const { OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, ...others } = given;
  return others;
}

function rejectSharedPorts(ports: Ports): void {
  for (const [index, name] of PORT_VARIABLES.entries()) {
    const other = PORT_VARIABLES.slice(0, index).find((earlier) => ports[earlier] === ports[name]);
    if (other) throw new LabError(`${other} and ${name} are both ${ports[name]}: set different ports.`);
  }
}

/** Otherwise a start would wait for a response until its timeout, because `fetch` does not open such a port. */
function rejectBlockedPorts(ports: Ports): void {
  const blocked = PORT_VARIABLES.filter((name) => isBlocked(name, ports[name])).map(
    (name) =>
      `${name}=${ports[name]} cannot be used: browsers and fetch block port ${ports[name]} ` +
      `(https://fetch.spec.whatwg.org/#port-blocking); set another port, for example ${DEFAULT_PORTS[name]}.`,
  );
  if (blocked.length > 0) throw new LabError(blocked.join("\n"));
}
