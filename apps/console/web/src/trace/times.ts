import { endOf, type Node, startOf, type Trace } from "./tree.ts";

/** A part of a span, in milliseconds since the start of the trace. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Returns the parts of a span in which none of its children ran. */
export function selfTime(node: Node): readonly Interval[] {
  const end = endOf(node);
  const intervals: Interval[] = [];
  let at = startOf(node);
  for (const child of node.children.toSorted((a, b) => startOf(a) - startOf(b))) {
    const begin = Math.min(startOf(child), end);
    if (begin > at) intervals.push({ from: at, to: begin });
    at = Math.max(at, Math.min(endOf(child), end));
  }
  if (at < end) intervals.push({ from: at, to: end });
  return intervals;
}

/** Shorter gaps are ignored, because timestamps can be rounded to milliseconds. */
const MIN_GAP_MS = 1;
/** Gaps with a smaller share of the trace are ignored, because they are hardly visible. */
const MIN_GAP_SHARE = 0.05;

/** Returns the parts of a span in which no child ran, if they are visible in a trace of `traceMs` milliseconds. */
export function gapsOf(node: Node, traceMs: number): readonly Interval[] {
  if (node.children.length === 0) return [];
  const minimum = Math.max(MIN_GAP_MS, traceMs * MIN_GAP_SHARE);
  return selfTime(node).filter(({ from, to }) => to - from >= minimum);
}

/** Returns the sum of the durations in milliseconds. */
export const total = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, { from, to }) => sum + to - from, 0);

/** A horizontal position and width, in percent of the trace. */
export interface Part {
  readonly left: number;
  readonly width: number;
}

export interface Row extends Part {
  readonly node: Node;
  /** The parts in which none of its children ran. */
  readonly selfTime: readonly Part[];
  readonly gaps: readonly (Part & { readonly ms: number })[];
  readonly open: boolean;
}

/** Returns the spans that are not below a closed span. */
export function visibleNodes({ nodes }: Trace, closed: ReadonlySet<string>): readonly Node[] {
  if (closed.size === 0) return nodes;
  const hidden = new Set<Node>();
  return nodes.filter((node) => {
    const { parent } = node;
    if (!parent || !(closed.has(parent.span.key) || hidden.has(parent))) return true;
    hidden.add(node);
    return false;
  });
}

/** Returns the content of a span's row. */
export function rowOf(node: Node, trace: Trace, closed: ReadonlySet<string>): Row {
  const traceMs = trace.to - trace.from;
  const part = ({ from, to }: Interval): Part => ({
    left: traceMs > 0 ? ((from - trace.from) / traceMs) * 100 : 0,
    width: traceMs > 0 ? ((to - from) / traceMs) * 100 : 100,
  });
  const open = !closed.has(node.span.key);
  return {
    node,
    open,
    ...part({ from: startOf(node), to: endOf(node) }),
    selfTime: selfTime(node).map(part),
    gaps: gapsOf(node, traceMs).map((gap) => ({ ...part(gap), ms: gap.to - gap.from })),
  };
}

export interface ServiceSum {
  readonly name: string;
  readonly spans: number;
  readonly errors: number;
  /** Milliseconds in which no child span ran. */
  readonly selfTimeMs: number;
}

/** Returns the services of a trace, in the order of their first spans. */
export function servicesOf({ nodes }: Trace): readonly ServiceSum[] {
  const sums = new Map<string, { spans: number; errors: number; selfTimeMs: number }>();
  for (const node of nodes) {
    const { service, error } = node.span;
    const sum = sums.get(service) ?? { spans: 0, errors: 0, selfTimeMs: 0 };
    sums.set(service, sum);
    sum.spans += 1;
    sum.errors += error ? 1 : 0;
    sum.selfTimeMs += total(selfTime(node));
  }
  return [...sums].map(([name, sum]) => ({ name, ...sum }));
}
