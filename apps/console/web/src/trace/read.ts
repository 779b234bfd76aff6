import { hexId } from "./ids.ts";
import { array, attributesOf, isError, kindOf, namesOf, nanoseconds, record, string } from "./otlp.ts";
import { Remarks } from "./remarks.ts";
import type { Attributes, Span } from "./span.ts";

/** The spans of a trace, and when the first of them began (milliseconds since 1970). */
export interface Recorded {
  readonly startedAt: number;
  readonly spans: readonly Span[];
  /** Sentences about spans that are not drawn, or not as they were sent. */
  readonly remarks: readonly string[];
}

interface Raw {
  readonly span: Readonly<Record<string, unknown>>;
  readonly id: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly resource: Attributes;
  readonly scope: string;
}

/**
 * Reads Tempo's answer: `batches` (1.5, and 2.x at `/api/traces`), `resourceSpans` (OTLP) or either under `trace`
 * (`/api/v2/traces`). A span that was sent twice counts once; one without a readable id or start cannot be drawn, and the
 * remarks name it.
 */
export function readTrace(answer: unknown): Recorded {
  const remarks = new Remarks();
  const raws = [...rawSpans(answer, remarks)];
  const first = raws.reduce<bigint | undefined>(
    (least, { start }) => (least === undefined || start < least ? start : least),
    undefined,
  );
  if (first === undefined) return { startedAt: 0, spans: [], remarks: remarks.sentences() };
  const since = (at: bigint) => Number(at - first) / 1e6;
  const seen = new Map<string, Set<string>>();
  const spans: Span[] = [];
  for (const raw of raws) {
    const what = `${raw.start} ${string(raw.span.name)} ${string(raw.span.kind)} ${raw.end}`;
    const others = seen.get(raw.id) ?? new Set();
    if (others.has(what)) {
      remarks.add("copy", raw);
      continue;
    }
    if (others.size > 0) remarks.add("same id", raw);
    seen.set(raw.id, others.add(what));
    spans.push(spanOf(raw, others.size > 1 ? `${raw.id}·${others.size}` : raw.id, since));
  }
  return { startedAt: Number(first) / 1e6, spans, remarks: remarks.sentences() };
}

function* rawSpans(answer: unknown, remarks: Remarks): Generator<Raw> {
  const outer = record(answer);
  const body = outer.trace === undefined ? outer : record(outer.trace);
  if (outer.status === "PARTIAL" || outer.status === 1) remarks.partial(string(outer.message));
  for (const batch of array(body.batches ?? body.resourceSpans).map(record)) {
    const resource = attributesOf(record(batch.resource).attributes);
    const scopes = batch.scopeSpans ?? batch.instrumentationLibrarySpans;
    for (const each of array(scopes).map(record)) {
      const scope = string(record(each.scope ?? each.instrumentationLibrary).name);
      for (const span of array(each.spans).map(record)) {
        const id = hexId(span.spanId, 8);
        // 0 means that the sender set no time; Tempo then omits the field.
        const start = nanoseconds(span.startTimeUnixNano) || undefined;
        const end = nanoseconds(span.endTimeUnixNano) || undefined;
        if (id === undefined) remarks.add("no id", { span, resource });
        else if (start === undefined) remarks.add("no start", { span, resource });
        if (id === undefined || start === undefined) continue;
        if (end === undefined) remarks.add("no end", { span, resource });
        else if (end < start) remarks.add("end before start", { span, resource });
        yield { span, id, start, end: end === undefined || end < start ? start : end, resource, scope };
      }
    }
  }
}

function spanOf(
  { span, id, start, end, resource, scope }: Raw,
  key: string,
  since: (at: bigint) => number,
): Span {
  return {
    key,
    id,
    parentId: hexId(span.parentSpanId, 8),
    ...namesOf({ span, resource }),
    kind: kindOf(span.kind),
    start: since(start),
    end: since(end),
    error: isError(span.status),
    message: string(record(span.status).message),
    attributes: attributesOf(span.attributes),
    resource,
    scope,
    events: array(span.events)
      .map(record)
      .map((event) => ({
        name: string(event.name),
        at: since(nanoseconds(event.timeUnixNano) ?? start),
        attributes: attributesOf(event.attributes),
      })),
    links: array(span.links)
      .map(record)
      .map((link) => ({ traceId: hexId(link.traceId, 16), spanId: hexId(link.spanId, 8) ?? "" })),
  };
}
