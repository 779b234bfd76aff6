import type { Span } from "./otlp.ts";
import { type Recorded, readTrace } from "./read.ts";

/** A span in the tree. */
export interface Node {
  readonly span: Span;
  readonly depth: number;
  readonly parent: Node | undefined;
  /** Sorted by start. */
  readonly children: Node[];
  /** Whether Tempo does not have its parent (yet). */
  readonly orphan: boolean;
  /** Whether it is drawn without its parent, because parent ids form a cycle. */
  readonly cyclic: boolean;
  /** Milliseconds to add to its times to correct the clock of its service. */
  shift: number;
}

export interface Trace {
  readonly startedAt: number;
  readonly roots: readonly Node[];
  /** All nodes, parents before children. */
  readonly nodes: readonly Node[];
  /** From the first start to the last end, after correction of the clocks. */
  readonly from: number;
  readonly to: number;
  /** Messages about spans that are omitted or changed. */
  readonly remarks: readonly string[];
}

/** Builds the tree. Not recursive, to support deep traces. Spans may be each other's parents. */
function treeOf({ spans, startedAt, remarks }: Recorded): Trace {
  const byId = new Map<string, Span>();
  for (const span of spans) if (!byId.has(span.id)) byId.set(span.id, span);
  const childrenOf = new Map<string, Span[]>();
  const tops: Span[] = [];
  for (const span of spans) {
    const parent = span.parentId === undefined ? undefined : byId.get(span.parentId);
    if (!parent) tops.push(span);
    else if (!childrenOf.get(parent.key)?.push(span)) childrenOf.set(parent.key, [span]);
  }
  const placed = new Set<string>();
  const nodes: Node[] = [];
  const roots = tops.sort(byStart).map((span) => place(span, childrenOf, placed, nodes));
  // The remaining spans are in cycles. The first span of each cycle is shown without a parent.
  for (const span of [...spans].sort(byStart))
    if (!placed.has(span.key)) roots.push(place(span, childrenOf, placed, nodes, true));
  return { startedAt, roots, nodes, ...extent(nodes), remarks: [...remarks, ...remarksOf(roots, nodes)] };
}

/** The maximum depth to which spans are indented. */
export const MAX_INDENT = 16;
/** The maximum number of events marked in the bar of a span. */
export const MAX_EVENTS = 50;

function remarksOf(roots: readonly Node[], nodes: readonly Node[]): readonly string[] {
  const count = (all: readonly Node[]) =>
    all.length === 1 ? "1 span" : `${all.length.toLocaleString("en")} spans`;
  const tops = roots.filter(({ orphan, cyclic }) => !orphan && !cyclic);
  const cycles = roots.filter((root) => root.cyclic);
  const deep = nodes.filter(({ depth }) => depth > MAX_INDENT);
  const full = nodes.filter(({ span }) => span.events.length > MAX_EVENTS);
  return [
    ...(tops.length > 1
      ? [`This trace has ${tops.length.toLocaleString("en")} root spans; the title is the name of the first.`]
      : []),
    ...(cycles.length > 0
      ? [
          `${count(cycles)} ${cycles.length === 1 ? "is" : "are"} drawn at the top, because parent ids form a cycle.`,
        ]
      : []),
    ...(deep.length > 0
      ? [`${count(deep)} below level ${MAX_INDENT} ${deep.length === 1 ? "is" : "are"} not indented further.`]
      : []),
    ...(full.length > 0
      ? [`Of ${count(full)} only the first ${MAX_EVENTS} events are marked; select the span to see all.`]
      : []),
  ];
}

function place(
  top: Span,
  childrenOf: ReadonlyMap<string, Span[]>,
  placed: Set<string>,
  nodes: Node[],
  cyclic = false,
): Node {
  const root = node(top, undefined, cyclic);
  const waiting = [root];
  placed.add(top.key);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    nodes.push(next);
    for (const span of (childrenOf.get(next.span.key) ?? []).sort(byStart)) {
      if (placed.has(span.key)) continue;
      placed.add(span.key);
      next.children.push(node(span, next));
    }
    waiting.push(...next.children.toReversed());
  }
  return root;
}

const node = (span: Span, parent: Node | undefined, cyclic = false): Node => ({
  span,
  parent,
  depth: parent ? parent.depth + 1 : 0,
  children: [],
  orphan: parent === undefined && span.parentId !== undefined && !cyclic,
  cyclic,
  shift: 0,
});

const byStart = (a: Span, b: Span) => a.start - b.start || b.end - a.end;

/** Returns the time from the first start to the last end. */
function extent(nodes: readonly Node[]): { from: number; to: number } {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const one of nodes) {
    from = Math.min(from, startOf(one));
    to = Math.max(to, endOf(one));
  }
  return nodes.length === 0 ? { from: 0, to: 0 } : { from, to };
}

/** Returns the start of a span, after correction of its clock. */
export const startOf = ({ span, shift }: Node): number => span.start + shift;
/** Returns the end of a span, after correction of its clock. */
export const endOf = ({ span, shift }: Node): number => span.end + shift;
/** Returns the duration of a span in milliseconds. */
export const durationOf = ({ span }: Node): number => span.end - span.start;

/** Smaller differences are ignored, because some SDKs record whole milliseconds. */
const TOLERATED_MS = 2;

/**
 * Corrects clock skew by moving the spans of a service into the call that caused them. A clock is wrong if a server
 * span starts before its caller's span or after its end. A server span may end after its caller's span, and a consumer
 * span may start long after its producer's span ended.
 */
function withCorrectedClocks(trace: Trace): Trace {
  for (const node of trace.nodes) node.shift = (node.parent?.shift ?? 0) + skewOf(node);
  return { ...trace, ...extent(trace.nodes) };
}

function skewOf(node: Node): number {
  const { parent, span } = node;
  if (!parent || span.service === parent.span.service || span.kind !== "server") return 0;
  const start = span.start + parent.shift;
  const end = span.end + parent.shift;
  const early = startOf(parent) - start;
  const late = end - endOf(parent);
  const room = durationOf(parent) - durationOf(node);
  // A service may continue after its caller disconnected, so a late end alone does not indicate a wrong clock.
  if (early <= TOLERATED_MS && (late <= TOLERATED_MS || start <= endOf(parent))) return 0;
  return early + Math.max(0, room / 2);
}

/** Describes the missing parts of a trace. Returns an empty list if it is complete. */
export function missingOf(trace: Trace | undefined, expected: readonly string[]): readonly string[] {
  if (!trace || trace.nodes.length === 0) return ["its first span"];
  const present = new Set(trace.nodes.map(({ span }) => span.service));
  const services = expected.filter((name) => !present.has(name)).map((name) => `a span of ${name}`);
  const root = trace.roots.some(({ orphan, cyclic }) => !orphan && !cyclic) ? [] : ["its root span"];
  const parents = trace.roots.some(({ orphan }) => orphan) && root.length === 0 ? ["a span in between"] : [];
  return [...root, ...services, ...parents];
}

/** Converts Tempo's JSON to a tree with corrected clocks. */
export const traceOf = (response: unknown): Trace => withCorrectedClocks(treeOf(readTrace(response)));
