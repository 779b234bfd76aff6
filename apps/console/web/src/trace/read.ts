import { readList, record, string } from "../app/json.ts";
import {
  type Attributes,
  attributesOf,
  hexId,
  isError,
  kindOf,
  namesOf,
  nanoseconds,
  type Span,
} from "./otlp.ts";

/** The spans of a trace, and the start of the first one (Unix time in milliseconds). */
export interface Recorded {
  readonly startedAt: number;
  readonly spans: readonly Span[];
  /** Messages about spans that are omitted or changed. */
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
 * Reads Tempo's response: `batches` (1.5, and 2.x at `/api/traces`), `resourceSpans` (OTLP) or either under `trace`
 * (`/api/v2/traces`). Removes duplicate spans. Omits spans without a valid id or start, and lists them in the remarks.
 */
export function readTrace(response: unknown): Recorded {
  const remarks = new Remarks();
  const raws = [...rawSpans(response, remarks)];
  const first = raws.reduce<bigint | undefined>(
    (least, { start }) => (least === undefined || start < least ? start : least),
    undefined,
  );
  if (first === undefined) return { startedAt: 0, spans: [], remarks: remarks.sentences() };
  const since = (at: bigint) => Number(at - first) / 1e6;
  const seen = new Map<string, Set<string>>();
  const spans: Span[] = [];
  for (const raw of raws) {
    const identity = `${raw.start} ${string(raw.span.name)} ${string(raw.span.kind)} ${raw.end}`;
    const others = seen.get(raw.id) ?? new Set();
    if (others.has(identity)) {
      remarks.add("copy", raw);
      continue;
    }
    if (others.size > 0) remarks.add("same id", raw);
    seen.set(raw.id, others.add(identity));
    spans.push(spanOf(raw, others.size > 1 ? `${raw.id}·${others.size}` : raw.id, since));
  }
  return { startedAt: Number(first) / 1e6, spans, remarks: remarks.sentences() };
}

function* rawSpans(response: unknown, remarks: Remarks): Generator<Raw> {
  const outer = record(response);
  const body = outer.trace === undefined ? outer : record(outer.trace);
  if (outer.status === "PARTIAL" || outer.status === 1) remarks.partial(string(outer.message));
  for (const batch of readList(body.batches ?? body.resourceSpans).map(record)) {
    const resource = attributesOf(record(batch.resource).attributes);
    const scopes = batch.scopeSpans ?? batch.instrumentationLibrarySpans;
    for (const each of readList(scopes).map(record)) {
      const scope = string(record(each.scope ?? each.instrumentationLibrary).name);
      for (const span of readList(each.spans).map(record)) {
        const id = hexId(span.spanId, 8);
        // 0 means that the sender set no time. Tempo then omits the field.
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
    events: readList(span.events)
      .map(record)
      .map((event) => ({
        name: string(event.name),
        at: since(nanoseconds(event.timeUnixNano) ?? start),
        attributes: attributesOf(event.attributes),
      })),
    links: readList(span.links)
      .map(record)
      .map((link) => ({
        traceId: hexId(link.traceId, 16),
        spanId: hexId(link.spanId, 8) ?? "",
      })),
  };
}

/** Describes problems of spans and how they are drawn, for one span and for several. */
const DEFECTS = {
  "no id": ["has no valid span id and is not drawn", "have no valid span id and are not drawn"],
  "no start": ["has no start time and is not drawn", "have no start time and are not drawn"],
  "no end": [
    "has no end time and is drawn without a duration",
    "have no end time and are drawn without a duration",
  ],
  "end before start": [
    "ends before it starts and is drawn without a duration",
    "end before they start and are drawn without a duration",
  ],
  "same id": [
    "has the span id of another span; spans below that id are drawn below the other one",
    "have the span id of another span; spans below that id are drawn below the other one",
  ],
  copy: ["was stored more than once and is drawn once", "were stored more than once and are drawn once"],
} as const;

const MAX_NAMES = 10;
const MAX_NAME_LENGTH = 80;

interface Named {
  readonly span: Readonly<Record<string, unknown>>;
  readonly resource: Attributes;
}

/** Collects remarks about spans that the waterfall omits or changes. */
export class Remarks {
  readonly #found = new Map<keyof typeof DEFECTS, string[]>();
  readonly #more: string[] = [];

  add(defect: keyof typeof DEFECTS, named: Named): void {
    const { name, service } = namesOf(named);
    const text = `${shortened(name)} (${shortened(service)})`;
    const names = this.#found.get(defect);
    if (names) names.push(text);
    else this.#found.set(defect, [text]);
  }

  /** Adds a remark that Tempo returned only a part of the trace. */
  partial(reason: string): void {
    this.#more.push(`Tempo returned only a part of this trace${reason ? `: ${shortened(reason)}` : ""}.`);
  }

  sentences(): readonly string[] {
    const found = [...this.#found].map(([defect, names]) => {
      const [one, several] = DEFECTS[defect];
      const spans =
        names.length === 1 ? `1 span ${one}` : `${names.length.toLocaleString("en")} spans ${several}`;
      return `${spans}: ${listed(names)}.`;
    });
    return [...this.#more, ...found];
  }
}

/** Lists each name once, up to a limit. */
function listed(all: readonly string[]): string {
  const names = [...new Set(all)];
  const more = names.length - MAX_NAMES;
  return [
    ...names.slice(0, MAX_NAMES),
    ...(more > 0 ? [`${more.toLocaleString("en")} other names`] : []),
  ].join(", ");
}

const shortened = (text: string): string =>
  text.length > MAX_NAME_LENGTH ? `${text.slice(0, MAX_NAME_LENGTH)}…` : text;
