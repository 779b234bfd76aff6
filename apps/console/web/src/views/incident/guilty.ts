/** A span that met a fault: which, whose, and how long it took. */
export interface GuiltySpan {
  readonly spanId: string;
  readonly name: string;
  readonly service: string;
  readonly fault: string;
  readonly milliseconds: number;
}

type Json = Readonly<Record<string, unknown>>;

const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

/** The spans of a trace, as Tempo gives it, that name a fault. */
export function guiltySpans(trace: unknown, fault: string): GuiltySpan[] {
  return list(object(trace).batches).flatMap((batch) => {
    const service = attribute(object(batch.resource), "service.name");
    const scopes = [...list(batch.scopeSpans), ...list(batch.instrumentationLibrarySpans)];
    return scopes
      .flatMap((scope) => list(scope.spans))
      .filter((span) => attribute(span, "lab.fault").split(",").includes(fault))
      .map((span) => ({
        spanId: hex(String(span.spanId ?? "")),
        name: String(span.name ?? ""),
        service,
        fault,
        milliseconds: Number(nanoseconds(span.endTimeUnixNano) - nanoseconds(span.startTimeUnixNano)) / 1e6,
      }));
  });
}

const nanoseconds = (value: unknown): bigint => BigInt(/^\d+$/.test(String(value)) ? String(value) : 0);

function attribute(owner: Json, key: string): string {
  const found = list(owner.attributes).find((each) => each.key === key);
  const { stringValue } = object(found?.value);
  return typeof stringValue === "string" ? stringValue : "";
}

/** Tempo writes ids in base64, other than OTLP's JSON has them. */
function hex(id: string): string {
  if (/^[0-9a-f]{16}$/.test(id)) return id;
  try {
    return [...atob(id)].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  } catch {
    return id;
  }
}
