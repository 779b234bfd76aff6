import { z } from "zod";

const positive = (fallback: number) => z.coerce.number().int().positive().default(fallback);

const schema = z.object({
  OTEL_SERVICE_NAME: z.string().min(1).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().default("http://127.0.0.1:4317"),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url().optional(),
  OTEL_EXPORTER_OTLP_TIMEOUT: positive(10_000),
  OTEL_SDK_DISABLED: z.stringbool().default(false),
  LOKI_URL: z.union([z.literal(""), z.url()]).default("http://127.0.0.1:3100"),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  TELEMETRY_SPAN_BUFFER: positive(50_000),
  TELEMETRY_LOG_BUFFER: positive(50_000),
  TELEMETRY_SPAN_BUFFER_BYTES: z.coerce.number().int().positive().optional(),
  TELEMETRY_LOG_BUFFER_BYTES: z.coerce.number().int().positive().optional(),
});

function read() {
  const parsed = schema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`telemetry: invalid environment: ${problems.join("; ")}`);
}

/** The package's whole configuration, read once. Standard `OTEL_*` names wherever the specification has one. */
export const env = read();

/** The value of the label `service_name`. `register` insists that it is set; a test that only imports the logger need not. */
export const serviceName = env.OTEL_SERVICE_NAME ?? "unknown_service";

/** Whether the operator sets limits for attributes, by the standard variables: then the SDK has to see every one of them. */
export const attributesLimited = Object.keys(process.env).some((name) =>
  /^OTEL_(SPAN_)?ATTRIBUTE_(COUNT|VALUE_LENGTH)_LIMIT$/.test(name),
);

/**
 * Has `getNodeAutoInstrumentations` load only these, unless the operator names others: the default set of forty
 * costs two thirds of a small service's throughput.
 */
export function limitInstrumentations(names: readonly string[]): void {
  process.env.OTEL_NODE_ENABLED_INSTRUMENTATIONS ??= names.join(",");
}
