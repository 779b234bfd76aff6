import { accessSync, constants } from "node:fs";
import { redact } from "./endpoint.ts";

/** The result of parsing a variable's value: the part that is used, and what is wrong with the rest. */
interface Parsed {
  /** The value in its normal form; undefined if no part of it can be used. */
  value?: string;
  /** The problem, and the value to use instead. */
  problem?: string;
}

type Parse = (value: string) => Parsed;

const either = (values: readonly string[]): string => `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;

const anything: Parse = (value) => ({ value });

const oneOf =
  (...known: string[]): Parse =>
  (raw) => {
    const value = raw.toLowerCase();
    return known.includes(value) ? { value } : { problem: `use ${either(known)}` };
  };

/** A comma-separated list. Only unknown names are ignored. */
const listOf =
  (known: readonly string[], advice = `use ${either(known)}`): Parse =>
  (raw) => {
    const names = [...new Set(raw.split(",").map((name) => name.trim().toLowerCase()))].filter(Boolean);
    const value = names.filter((name) => known.includes(name)).join(",");
    const unknown = names.filter((name) => !known.includes(name));
    return {
      ...(value && { value }),
      ...(unknown.length > 0 && { problem: `${unknown.join(", ")} is not supported; ${advice}` }),
    };
  };

const wholeNumber =
  (least: number): Parse =>
  (value) => {
    const number = Number(value);
    const valid = Number.isInteger(number) && number >= least && number < 2 ** 31;
    return valid ? { value: String(number) } : { problem: `use a whole number from ${least} to 2147483647` };
  };

const ratio: Parse = (value) =>
  Number(value) >= 0 && Number(value) <= 1 ? { value } : { problem: "use a number from 0 to 1" };

export const readableFile: Parse = (value) => {
  try {
    accessSync(value, constants.R_OK);
    return { value };
  } catch (error) {
    return { problem: `cannot read the file (${(error as NodeJS.ErrnoException).code})` };
  }
};

/** Parses `key=value,key=value`. With `allOrNone`, the SDK discards all entries if one is invalid. */
const pairs =
  (allOrNone: boolean): Parse =>
  (value) => {
    const bad = value.split(",").filter((entry) => entry.trim() !== "" && !isPair(entry, allOrNone));
    if (bad.length === 0) return { value };
    const problem = `${bad.length === 1 ? "an entry is" : `${bad.length} entries are`} not of the form key=value`;
    return allOrNone
      ? { problem: `${problem}, so none is used; write "," and "=" in values as %2C and %3D` }
      : { value, problem };
  };

function isPair(entry: string, allOrNone: boolean): boolean {
  const [key = "", ...values] = entry.split("=");
  if (key.trim() === "" || values.length === 0 || (allOrNone && values.length > 1)) return false;
  try {
    decodeURIComponent(entry);
    return true;
  } catch {
    return false;
  }
}

const flag = oneOf("true", "false");
const count = wholeNumber(0);
const positive = wholeNumber(1);

/** The names of auto-instrumentations-node; a test compares them with that package. */
export const INSTRUMENTATIONS =
  "amqplib,aws-lambda,aws-sdk,bunyan,cassandra-driver,connect,cucumber,dataloader,dns,express,fs,generic-pool,graphql,grpc,hapi,host-metrics,http,ioredis,kafkajs,knex,koa,lru-memoizer,memcached,mongodb,mongoose,mysql2,mysql,nestjs-core,net,openai,oracledb,pg,pino,redis,restify,router,runtime-node,socket.io,tedious,undici,winston".split(
    ",",
  );

const instrumentations = listOf(
  INSTRUMENTATIONS,
  "use names of auto-instrumentations-node without their prefix, such as http,undici,grpc",
);

/** The supported samplers. */
export const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
];

const forSpans = (name: string, parse: Parse): [string, Parse][] => [
  [`OTEL_EXPORTER_OTLP_${name}`, parse],
  [`OTEL_EXPORTER_OTLP_TRACES_${name}`, parse],
];

/**
 * The standard variables that this package or the SDK in it supports. Sources: opentelemetry.io, "Environment Variable
 * Specification" and "OpenTelemetry Protocol Exporter"; for OTEL_NODE_*, auto-instrumentations-node.
 */
export const SUPPORTED: ReadonlyMap<string, Parse> = new Map([
  ["OTEL_SERVICE_NAME", anything],
  ["OTEL_RESOURCE_ATTRIBUTES", pairs(true)],
  ["OTEL_SDK_DISABLED", flag],
  ["OTEL_LOG_LEVEL", oneOf("none", "error", "warn", "info", "debug", "verbose", "all")],
  ["OTEL_PROPAGATORS", listOf(["tracecontext", "baggage", "b3", "b3multi", "none"])],
  ["OTEL_TRACES_SAMPLER", oneOf(...SAMPLERS)],
  ["OTEL_TRACES_SAMPLER_ARG", ratio],
  ["OTEL_TRACES_EXPORTER", listOf(["otlp", "console", "none"])],
  ...forSpans("ENDPOINT", anything), // checked in env.ts, together with the protocol
  ...forSpans("PROTOCOL", oneOf("grpc", "http/protobuf", "http/json")),
  ...forSpans("HEADERS", pairs(false)),
  ...forSpans("TIMEOUT", count),
  ...forSpans("COMPRESSION", oneOf("none", "gzip")),
  ...forSpans("INSECURE", flag),
  ...forSpans("CERTIFICATE", readableFile),
  ...forSpans("CLIENT_KEY", readableFile),
  ...forSpans("CLIENT_CERTIFICATE", readableFile),
  ["OTEL_BSP_SCHEDULE_DELAY", positive],
  ["OTEL_BSP_MAX_QUEUE_SIZE", positive],
  ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE", positive],
  ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", count],
  ["OTEL_ATTRIBUTE_COUNT_LIMIT", count],
  ["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", count],
  ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", count],
  ["OTEL_SPAN_EVENT_COUNT_LIMIT", count],
  ["OTEL_SPAN_LINK_COUNT_LIMIT", count],
  ["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", count],
  ["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", count],
  ["OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT", count],
  ["OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT", count],
  ["OTEL_NODE_ENABLED_INSTRUMENTATIONS", instrumentations],
  ["OTEL_NODE_DISABLED_INSTRUMENTATIONS", instrumentations],
  [
    "OTEL_NODE_RESOURCE_DETECTORS",
    listOf(["env", "host", "os", "process", "serviceinstance", "all", "none"]),
  ],
  ["OTEL_SEMCONV_STABILITY_OPT_IN", anything],
  ["OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", anything],
  ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", anything],
]);

const METRICS = "metrics are served at /metrics, for Prometheus";
const LOGS = "log lines go to stdout and to LOKI_URL";

/** The reasons why standard variables have no effect. Every other OTEL_* variable is unknown. */
const WITHOUT_EFFECT: readonly (readonly [RegExp, string])[] = [
  [/^OTEL_(METRICS?_|EXPORTER_OTLP_METRICS_|EXPORTER_PROMETHEUS_|NODE_EXPERIMENTAL_SDK_METRICS$)/, METRICS],
  [/^OTEL_(LOGS_|EXPORTER_OTLP_LOGS_|BLRP_|LOGRECORD_)/, LOGS],
  [/^OTEL_EXPORTER_(ZIPKIN|JAEGER)_/, "spans are sent by OTLP"],
  [/^OTEL_BSP_EXPORT_TIMEOUT$/, "the timeout of an export is OTEL_EXPORTER_OTLP_TIMEOUT"],
  [/^OTEL_(EXPERIMENTAL_)?CONFIG_FILE$/, "configuration files are not read"],
];

const UNKNOWN = "unknown variable";

/** Values that select the behaviour that this package has anyway; they are not reported. */
const SAME_AS_DEFAULT: Readonly<Record<string, string>> = {
  OTEL_METRICS_EXPORTER: "none",
  OTEL_LOGS_EXPORTER: "none",
  OTEL_METRICS_EXEMPLAR_FILTER: "trace_based",
};

/**
 * Normalizes the `OTEL_*` variables of `environment` for this package and for the SDK, which reads them itself. Removes
 * empty variables and invalid values. Returns one message for each invalid value, and one for all variables without
 * effect, including TELEMETRY_SPAN_* and TELEMETRY_LOG_* variables that are not in `ownVariables`. A message never
 * contains the value of a header.
 */
export function normalize(environment: NodeJS.ProcessEnv, ownVariables: readonly string[]): string[] {
  const messages: string[] = [];
  const ignored = new Map<string, string[]>();
  for (const [name, raw = ""] of Object.entries(environment).filter(([name]) => name.startsWith("OTEL_"))) {
    const text = raw.trim();
    const parse = SUPPORTED.get(name);
    if (text === "") delete environment[name];
    else if (parse) {
      const { value, problem } = parse(text);
      if (value === undefined) delete environment[name];
      else environment[name] = value;
      const entry = /HEADERS$/.test(name) ? name : `${name}=${redact(text)}`;
      if (problem) messages.push(`${entry} is ignored${value === undefined ? "" : " in part"}: ${problem}.`);
    } else if (SAME_AS_DEFAULT[name] !== text.toLowerCase()) {
      const reason = WITHOUT_EFFECT.find(([names]) => names.test(name))?.[1] ?? UNKNOWN;
      ignored.set(reason, [...(ignored.get(reason) ?? []), name]);
    }
  }
  const misspelt = Object.keys(environment).filter(
    (name) => /^TELEMETRY_(SPAN|LOG)_/.test(name) && !ownVariables.includes(name),
  );
  if (misspelt.length > 0) ignored.set(UNKNOWN, [...(ignored.get(UNKNOWN) ?? []), ...misspelt]);
  if (ignored.size > 0) {
    const reasons = [...ignored].map(([reason, names]) => `${names.join(", ")} (${reason})`);
    messages.push(`These variables have no effect: ${reasons.join("; ")}.`);
  }
  return messages;
}
