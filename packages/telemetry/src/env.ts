import * as v from "valibot";
import type { NamedFile, TlsFiles } from "./delivery/post.ts";
import { redactFromMessages } from "./delivery/report.ts";
import { decodePercent, httpAddress, secretsIn, setting } from "./endpoint.ts";
import { normalize, readableFile } from "./otel-variables.ts";

const POSITIVE = "use a whole number above 0";
const positiveNumber = v.pipe(
  v.string(),
  v.transform(Number),
  v.number(POSITIVE),
  v.safeInteger(POSITIVE),
  v.minValue(1, POSITIVE),
);
const positive = (fallback: number) => v.optional(positiveNumber, `${fallback}`);

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

const schema = v.object({
  LOG_LEVEL: v.optional(
    v.pipe(
      v.string(),
      v.toLowerCase(),
      v.picklist(LEVELS, `use ${LEVELS.slice(0, -1).join(", ")} or ${LEVELS.at(-1)}`),
    ),
    "info",
  ),
  TELEMETRY_INSTRUMENTATION: v.optional(
    v.pipe(v.string(), v.toLowerCase(), v.picklist(["optimized", "upstream"], "use optimized or upstream")),
    "optimized",
  ),
  TELEMETRY_SPAN_BUFFER: positive(50_000),
  TELEMETRY_LOG_BUFFER: positive(50_000),
  TELEMETRY_SPAN_BUFFER_BYTES: v.optional(positiveNumber),
  TELEMETRY_LOG_BUFFER_BYTES: v.optional(positiveNumber),
});

/** Messages about invalid values. `register` prints them and ends the process. */
export const fatalProblems: string[] = [];
/** Messages about ignored values, which are printed once at start. */
export const notices: string[] = [];

// An empty variable counts as unset, as OpenTelemetry specifies; `${X:-}` in a compose file creates such variables.
// Only an empty LOKI_URL has a meaning.
for (const name of Object.keys(process.env))
  if (/^(TELEMETRY_|LOG_LEVEL$)/.test(name) && process.env[name]?.trim() === "") delete process.env[name];
notices.push(...normalize(process.env, Object.keys(schema.entries)));

const variable = (name: string): string | undefined => process.env[name];
/**
 * Returns the name of the variable that applies to a setting of the OTLP exporter: the one for traces if it is set,
 * otherwise the one for all signals.
 */
const exporterVariableName = (name: string): string =>
  variable(`OTEL_EXPORTER_OTLP_TRACES_${name}`) === undefined
    ? `OTEL_EXPORTER_OTLP_${name}`
    : `OTEL_EXPORTER_OTLP_TRACES_${name}`;
const exporterVariable = (name: string): string | undefined => variable(exporterVariableName(name));

/** Returns the file that a variable names. */
const namedFile = (name: string): NamedFile | undefined => {
  const path = variable(name)?.trim();
  return path ? { variable: name, path } : undefined;
};

function readPackageSettings() {
  const variables = { TELEMETRY_SPAN_BUFFER: variable("OTEL_BSP_MAX_QUEUE_SIZE"), ...process.env };
  const parsed = v.safeParse(schema, variables, { abortPipeEarly: true });
  if (parsed.success) return parsed.output;
  for (const issue of parsed.issues) {
    const name = v.getDotPath(issue) ?? "";
    fatalProblems.push(`${setting(name, variable(name) ?? "")} is not valid: ${issue.message}.`);
  }
  return v.parse(schema, {});
}

/** Returns the address to push lines to, and the variable with this address; undefined if lines go to stdout only. */
function readLoki(): Receiver | undefined {
  const fallback = "http://127.0.0.1:3100";
  const value = variable("LOKI_URL")?.trim();
  if (value === "") return undefined;
  const { url, problem } = httpAddress("LOKI_URL", value ?? fallback, fallback);
  if (problem !== undefined) {
    fatalProblems.push(problem.replace(/\.$/, ", or leave it empty to write to stdout only."));
    return undefined;
  }
  url.pathname = url.pathname.replace(/\/(loki\/(api\/v1\/push\/?)?)?$/, "/");
  redactFromMessages(...secretsIn(url));
  const tls = url.protocol === "https:" ? readLokiTls() : undefined;
  return { url: url.href, setting: described("LOKI_URL", value, fallback), ...(tls && { tls }) };
}

function readLokiTls(): TlsFiles {
  const files = {
    ca: namedFile("LOKI_CERTIFICATE"),
    cert: namedFile("LOKI_CLIENT_CERTIFICATE"),
    key: namedFile("LOKI_CLIENT_KEY"),
  };
  if (!files.cert !== !files.key)
    fatalProblems.push("LOKI_CLIENT_CERTIFICATE and LOKI_CLIENT_KEY only work together: set both.");
  for (const file of Object.values(files)) {
    const problem = file && readableFile(file.path).problem;
    if (problem) fatalProblems.push(`${setting(file.variable, file.path)}: ${problem}.`);
  }
  return files;
}

/** A receiver of telemetry, and how messages describe it. */
export interface Receiver {
  /** May contain credentials. */
  url: string;
  /** The variable and its value, without credentials. Every message about this receiver begins with it. */
  setting: string;
  /** The likely mistake in the address, which is reported if nothing can be delivered. */
  hint?: string | undefined;
  /** For an `https://` address. */
  tls?: TlsFiles;
}

const described = (name: string, value: string | undefined, fallback: string) =>
  value === undefined ? `${name}=${fallback} (the default)` : setting(name, value);

export type OtlpProtocol = "grpc" | "http/protobuf" | "http/json";

/** The settings for sending spans. */
export interface TraceSettings {
  /** `otlp`, `console`; empty if spans are created only for logs and propagation. */
  exporters: ReadonlySet<string>;
  protocol: OtlpProtocol;
  receiver: Receiver;
  /** The time limit of one attempt. */
  timeoutMs: number;
  /** A batch is complete after this many milliseconds, or with this many spans. */
  batchDelayMs: number;
  batchSpans: number;
}

const INDEFINITE_MS = 2 ** 31 - 1;

function readTraces(): TraceSettings {
  const chosen = variable("OTEL_TRACES_EXPORTER") ?? "otlp";
  const names = chosen.split(",");
  const none = names.includes("none");
  if (none && names.length > 1)
    notices.push(`OTEL_TRACES_EXPORTER=${chosen} contains none: no spans are sent.`);
  const exporters = new Set(none ? [] : names);
  const protocol = (exporterVariable("PROTOCOL") ?? "grpc") as OtlpProtocol;
  hideLongValues(Object.values(headers()));
  const timeout = Number(exporterVariable("TIMEOUT") ?? 10_000);
  return {
    exporters,
    protocol,
    receiver: exporters.has("otlp") && !disabled ? readEndpoint(protocol) : { url: "", setting: "" },
    timeoutMs: timeout === 0 ? INDEFINITE_MS : timeout,
    batchDelayMs: Number(variable("OTEL_BSP_SCHEDULE_DELAY") ?? 200),
    batchSpans: Number(variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE") ?? 512),
  };
}

/** Returns the headers of OTLP requests. Those for traces override the others. */
function headers(): Record<string, string> {
  const entries = [variable("OTEL_EXPORTER_OTLP_HEADERS"), variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS")]
    .flatMap((text) => text?.split(",") ?? [])
    .map((entry) => /^([^=]+)=([^;]+)/.exec(entry))
    .flatMap((found) => (found ? [[found[1], found[2]].map((text = "") => decodePercent(text.trim()))] : []));
  return Object.fromEntries(entries);
}

/**
 * Hides secrets in messages. A short value, such as a tenant's name, is not a secret and may be part of any message.
 */
function hideLongValues(values: string[]): void {
  const withoutAuthScheme = values.map((value) => value.replace(/^\w+ /, ""));
  redactFromMessages(...[...values, ...withoutAuthScheme].filter(({ length }) => length >= 8));
}

/** Returns the settings that OTLP over HTTP needs besides an address. For gRPC the SDK reads these variables itself. */
export const httpSettings = () => ({
  headers: headers(),
  gzip: exporterVariable("COMPRESSION") === "gzip",
});

function readEndpoint(protocol: OtlpProtocol): Receiver {
  const grpc = protocol === "grpc";
  const fallback = grpc ? "http://127.0.0.1:4317" : "http://127.0.0.1:4318";
  const name = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    ? "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    : "OTEL_EXPORTER_OTLP_ENDPOINT";
  const tracesOnly = name === "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
  const example = grpc ? "http://localhost:4317" : `http://localhost:4318${tracesOnly ? "/v1/traces" : ""}`;
  const value = variable(name);
  const correct = (url: URL) => (grpc ? correctForGrpc(url) : correctForHttp(url, tracesOnly));
  const { url, problem } = httpAddress(name, withScheme(value ?? fallback, grpc), example, correct);
  const fatal = problem ?? (grpc && url ? whyInvalidForGrpc(name, value ?? "", url) : undefined);
  if (fatal !== undefined) fatalProblems.push(fatal);
  if (!url) return { url: fallback, setting: "" };

  redactFromMessages(...secretsIn(url));
  const warning = grpc ? undefined : pathWarning(url, tracesOnly);
  if (warning) notices.push(`${setting(name, value ?? fallback)}: ${warning}.`);
  if (!grpc && !tracesOnly) url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`;
  if (url.protocol === "https:" && exporterVariable("INSECURE") === "true")
    notices.push(`OTEL_EXPORTER_OTLP_INSECURE=true has no effect: the scheme of ${name} decides.`);
  if (
    url.protocol === "https:" &&
    !exporterVariable("CLIENT_KEY") !== !exporterVariable("CLIENT_CERTIFICATE")
  )
    notices.push(
      "OTEL_EXPORTER_OTLP_CLIENT_KEY and OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE only work together: set both.",
    );
  return {
    url: grpc ? `${url.protocol}//${url.host}` : url.href,
    setting: described(name, value, fallback),
    hint: hintFor(protocol, url) ?? warning,
    ...(url.protocol === "https:" && { tls: exporterTls() }),
  };
}

const exporterTls = (): TlsFiles => ({
  ca: namedFile(exporterVariableName("CERTIFICATE")),
  cert: namedFile(exporterVariableName("CLIENT_CERTIFICATE")),
  key: namedFile(exporterVariableName("CLIENT_KEY")),
});

/** Adds a scheme to an address without one, which is gRPC's format. OTEL_EXPORTER_OTLP_INSECURE selects the scheme. */
function withScheme(value: string, grpc: boolean): string {
  const insecure = exporterVariable("INSECURE");
  if (!grpc || insecure === undefined || /^[a-z][a-z0-9+.-]*:\//i.test(value)) return value;
  return `${insecure === "true" ? "http" : "https"}://${value}`;
}

/**
 * Returns why an address is invalid for OTLP over gRPC; adds a notice for each part that is ignored. If gRPC was selected
 * explicitly, any port and path are valid.
 */
function whyInvalidForGrpc(name: string, value: string, url: URL): string | undefined {
  const isGrpcChosen = exporterVariable("PROTOCOL") === "grpc";
  const where = setting(name, value);
  if (url.username || url.password)
    notices.push(`${where} contains credentials, which gRPC does not send: use OTEL_EXPORTER_OTLP_HEADERS.`);
  if (url.protocol === "http:" && url.port === "")
    return `${where} has no port, or port 80, which OpenTelemetry's gRPC exporter cannot use: use ${url.origin}:4317.`;
  const http = "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf";
  if (url.port === "4318" && !isGrpcChosen)
    return `${where} is an address of OTLP over HTTP, but spans are sent by gRPC: use port 4317, or ${http}.`;
  if (url.pathname === "/") return undefined;
  if (!isGrpcChosen)
    return `${where} has the path ${url.pathname}, but gRPC uses none: use ${url.origin}, or ${http}.`;
  notices.push(`The path ${url.pathname} of ${where} is ignored: gRPC uses none.`);
  return undefined;
}

/** Corrects a suggested address that {@link whyInvalidForGrpc} would reject. */
function correctForGrpc(url: URL): void {
  if (exporterVariable("PROTOCOL") !== "grpc") {
    url.pathname = "/";
    if (url.port === "4318") url.port = "4317";
  }
  if (url.protocol === "http:" && url.port === "") url.port = "4317";
}

const TRACES_PATH = /\/v1\/traces\/?$/;

/**
 * Corrects a suggested address that {@link pathWarning} would report. `tracesOnly` means that the address is for spans
 * only, not for all signals.
 */
function correctForHttp(url: URL, tracesOnly: boolean): void {
  if (!tracesOnly) url.pathname = url.pathname.replace(TRACES_PATH, "/");
  else if (url.pathname === "/") url.pathname = "/v1/traces";
}

/** Returns why the path of an OTLP/HTTP address is probably wrong. */
function pathWarning({ origin, pathname }: URL, tracesOnly: boolean): string | undefined {
  if (tracesOnly && pathname === "/")
    return `spans are sent to ${origin}/ without a path; use ${origin}/v1/traces, or OTEL_EXPORTER_OTLP_ENDPOINT`;
  if (!tracesOnly && TRACES_PATH.test(pathname))
    return `spans are sent to ${origin}${pathname.replace(/\/$/, "")}/v1/traces; remove /v1/traces from the value, or use OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`;
  return undefined;
}

function hintFor(protocol: OtlpProtocol, { port }: URL): string | undefined {
  if (protocol === "grpc" && port === "4318") return "port 4318 is usually OTLP over HTTP";
  if (protocol !== "grpc" && port === "4317") return "port 4317 is usually OTLP over gRPC";
  return undefined;
}

/**
 * Returns the attributes of OTEL_RESOURCE_ATTRIBUTES that identify a replica: `k8s.*` and `service.instance.id`. The
 * others are the same for every replica.
 */
function readReplica(): Readonly<Record<string, string>> {
  const attributes = variable("OTEL_RESOURCE_ATTRIBUTES") ?? "";
  const pairs = [...attributes.matchAll(/(?:^|,)\s*(k8s\.[\w.]+|service\.instance\.id)\s*=([^,]*)/g)];
  return Object.fromEntries(pairs.map(([, key = "", value = ""]) => [key, decodePercent(value.trim())]));
}

/** Returns `service.name`, which OTEL_RESOURCE_ATTRIBUTES may contain too. */
function readServiceName(): string | undefined {
  const attributes = variable("OTEL_RESOURCE_ATTRIBUTES") ?? "";
  const [, named] = /(?:^|,)\s*service\.name\s*=([^,]*)/.exec(attributes) ?? [];
  return variable("OTEL_SERVICE_NAME") ?? (decodePercent(named?.trim() ?? "") || undefined);
}

const disabled = variable("OTEL_SDK_DISABLED") === "true";
const packageSettings = readPackageSettings();
const name = readServiceName();

/** The package's own configuration, read once. */
export const env = { ...packageSettings, OTEL_SDK_DISABLED: disabled, loki: readLoki() };

/** The settings for sending spans, from the standard variables. */
export const traceSettings: TraceSettings = readTraces();

/** Whether the service has a name. `register` requires one, but a test that only imports the logger does not. */
export const hasServiceName = name !== undefined;

/** The value of the label `service_name`. */
export const serviceName = name ?? "unknown_service";

/** What identifies this replica, such as `k8s.pod.name`: fields of each log line. */
export const replicaFields = readReplica();

/** The sampler that the operator selected, if any, and its ratio. */
export const samplerChoice = readSampler();

function readSampler(): { name?: string | undefined; ratio: number } {
  const chosen = variable("OTEL_TRACES_SAMPLER");
  const ratio = variable("OTEL_TRACES_SAMPLER_ARG");
  if (ratio !== undefined && !chosen?.endsWith("traceidratio"))
    notices.push(
      `${setting("OTEL_TRACES_SAMPLER_ARG", ratio)} has no effect without OTEL_TRACES_SAMPLER=traceidratio.`,
    );
  return { name: chosen, ratio: Number(ratio ?? 1) };
}

const limit = (...names: string[]): number | undefined => {
  const found = names.map(variable).find((value) => value !== undefined);
  return found === undefined ? undefined : Number(found);
};

const eventLimit = limit("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT");
const linkLimit = limit("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT");

/** Span limits whose standard variables the SDK does not read, because it has different names for them. */
export const spanLimits = {
  ...(eventLimit !== undefined && { attributePerEventCountLimit: eventLimit }),
  ...(linkLimit !== undefined && { attributePerLinkCountLimit: linkLimit }),
};

/** The log level of the SDK. */
export const sdkLogLevel = variable("OTEL_LOG_LEVEL") ?? "error";

/** Whether the operator selects detectors of resource attributes; then the SDK loads them. */
export const resourceDetectorsChosen = variable("OTEL_NODE_RESOURCE_DETECTORS") !== undefined;

/**
 * Whether the operator sets limits for attributes with the standard variables; then the SDK has to check each attribute.
 */
export const attributesLimited = Object.keys(process.env).some((name) =>
  /^OTEL_(SPAN_)?ATTRIBUTE_(COUNT|VALUE_LENGTH)_LIMIT$/.test(name),
);

/** Whether this package's code creates the spans of http and gRPC, instead of the instrumentations' code. */
export const optimized = env.TELEMETRY_INSTRUMENTATION === "optimized";

/**
 * Makes `getNodeAutoInstrumentations` load only these, unless the operator selects others. The default set of forty
 * costs two thirds of a small service's throughput.
 */
export function limitInstrumentations(names: readonly string[]): void {
  process.env.OTEL_NODE_ENABLED_INSTRUMENTATIONS ??= names.join(",");
}

/** Returns the names in OTEL_NODE_ENABLED_INSTRUMENTATIONS; undefined if the defaults of auto-instrumentations apply. */
export const enabledInstrumentations = (): readonly string[] | undefined =>
  variable("OTEL_NODE_ENABLED_INSTRUMENTATIONS")
    ?.split(",")
    .map((name) => name.trim());

const PROXY_VARIABLES = ["grpc_proxy", "https_proxy", "http_proxy"];

/** This machine's names and addresses for grpc-js, which compares the end of a host name or an IPv4 range. */
const LOOPBACK = ["localhost", "127.0.0.0/8", "0.0.0.0", "::1"];

/**
 * Prevents gRPC calls to this machine from using the environment's proxy. Sets `no_grpc_proxy`, which only gRPC reads,
 * so other requests of the process are not affected. It includes the user's own entries; grpc-js itself reads neither
 * `NO_PROXY`, nor `*`, nor spaces.
 */
export function keepLoopbackDirect(): void {
  if (!PROXY_VARIABLES.some((name) => process.env[name])) return;
  const { no_grpc_proxy, no_proxy, NO_PROXY } = process.env;
  const userEntries = (no_grpc_proxy || `${no_proxy ?? ""},${NO_PROXY ?? ""}`)
    .split(/[\s,]+/)
    .filter(Boolean);
  // An empty entry would match every name in grpc-js.
  const entries = userEntries.map((entry) => (entry === "*" ? "" : entry.replace(/^\*\./, ".")));
  process.env.no_grpc_proxy = [...new Set([...LOOPBACK, ...entries])].join(",");
}
