/** A span with the fields that tests use; times in milliseconds since the epoch. */
export interface Span {
  service: string;
  resource: Record<string, unknown>;
  name: string;
  kind: string;
  spanId: string;
  parentSpanId: string;
  startMs: number;
  endMs: number;
  attributes: Record<string, unknown>;
  isError: boolean;
}

interface OtlpAttribute {
  key: string;
  value: Record<string, unknown>;
}
interface OtlpSpan {
  name: string;
  kind: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano?: string;
  endTimeUnixNano?: string;
  attributes?: OtlpAttribute[];
  status?: { code?: string | number };
}
interface OtlpBatch {
  resource: { attributes: OtlpAttribute[] };
  scopeSpans?: { spans: OtlpSpan[] }[];
}

/** Returns the spans of a trace, by Tempo's `GET /api/traces/<id>`; undefined if Tempo does not have it (yet). */
export async function trace(tempo: string, traceId: string): Promise<Span[] | undefined> {
  const response = await fetch(`${tempo}/api/traces/${traceId}`);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`Tempo responded with ${response.status}: ${await response.text()}`);
  const { batches } = (await response.json()) as { batches: OtlpBatch[] };
  return batches.flatMap(({ resource, scopeSpans = [] }) => {
    const attributes = attributesOf(resource.attributes);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => toSpan(span, attributes)));
  });
}

/**
 * Returns the trace, once it contains spans of all given services, and the parents of all client spans: a service can
 * send the span of a request in a later batch than that of the call that it made.
 */
export async function traceOf(
  tempo: string,
  traceId: string,
  services: readonly string[],
): Promise<Span[] | undefined> {
  const spans = await trace(tempo, traceId);
  const ids = new Set(spans?.map(({ spanId }) => spanId));
  const hasParent = ({ kind, parentSpanId }: Span) =>
    kind !== "SPAN_KIND_CLIENT" || parentSpanId === "" || ids.has(parentSpanId);
  const isComplete =
    services.every((service) => spans?.some((span) => span.service === service)) && spans?.every(hasParent);
  return isComplete ? spans : undefined;
}

/** Returns the trace ids that a TraceQL query finds in the last minutes. */
export async function search(tempo: string, traceql: string, limit = 50): Promise<string[]> {
  const end = Math.ceil(Date.now() / 1000) + 1;
  const query = new URLSearchParams({ q: traceql, limit: `${limit}`, start: `${end - 600}`, end: `${end}` });
  const response = await fetch(`${tempo}/api/search?${query}`);
  if (!response.ok) throw new Error(`Tempo responded with ${response.status}: ${await response.text()}`);
  const { traces = [] } = (await response.json()) as { traces?: { traceID: string }[] };
  // Tempo omits leading zeros.
  return traces.map(({ traceID }) => traceID.padStart(32, "0"));
}

function toSpan(span: OtlpSpan, resource: Record<string, unknown>): Span {
  return {
    service: String(resource["service.name"]),
    resource,
    name: span.name,
    kind: span.kind,
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId ?? ""),
    startMs: Number(BigInt(span.startTimeUnixNano ?? 0) / 1000n) / 1000,
    endMs: Number(BigInt(span.endTimeUnixNano ?? 0) / 1000n) / 1000,
    attributes: attributesOf(span.attributes ?? []),
    isError: span.status?.code === "STATUS_CODE_ERROR" || span.status?.code === 2,
  };
}

/** Converts an id to hexadecimal. Ids are bytes in OTLP, and therefore base64 in Tempo's JSON. */
const hex = (base64: string): string => Buffer.from(base64, "base64").toString("hex");

const attributesOf = (attributes: OtlpAttribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
