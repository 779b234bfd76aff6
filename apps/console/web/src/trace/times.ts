import { endOf, type Node, startOf, type Trace } from "./tree.ts";

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** When a span did the work itself: the stretches of it in which none of its children ran. */
export function ownTime(node: Node): readonly Stretch[] {
  const end = endOf(node);
  const own: Stretch[] = [];
  let at = startOf(node);
  for (const child of node.children.toSorted((a, b) => startOf(a) - startOf(b))) {
    const begin = Math.min(startOf(child), end);
    if (begin > at) own.push({ from: at, to: begin });
    at = Math.max(at, Math.min(endOf(child), end));
  }
  if (at < end) own.push({ from: at, to: end });
  return own;
}

/** Spans start with whole milliseconds here, so a shorter gap may be no gap. */
const SHORTEST_GAP_MS = 1;
const SMALLEST_SHARE = 0.05;

/** The gaps: stretches of a span with children in which nothing below it was recorded, and that matter in `whole` ms. */
export function gapsOf(node: Node, whole: number): readonly Stretch[] {
  if (node.children.length === 0) return [];
  const shortest = Math.max(SHORTEST_GAP_MS, whole * SMALLEST_SHARE);
  return ownTime(node).filter(({ from, to }) => to - from >= shortest);
}

export const total = (stretches: readonly Stretch[]): number =>
  stretches.reduce((sum, { from, to }) => sum + to - from, 0);

/** A part of the width, in percent of the whole trace. */
export interface Part {
  readonly left: number;
  readonly width: number;
}

export interface Row extends Part {
  readonly node: Node;
  /** Where the span itself was at work. */
  readonly own: readonly Part[];
  readonly gaps: readonly (Part & { readonly ms: number })[];
  readonly open: boolean;
}

/** The spans that can be seen, one a row: those below a closed one are not among them. */
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

/** What is drawn for a span. */
export function rowOf(node: Node, trace: Trace, closed: ReadonlySet<string>): Row {
  const whole = trace.to - trace.from;
  const part = ({ from, to }: Stretch): Part => ({
    left: whole > 0 ? ((from - trace.from) / whole) * 100 : 0,
    width: whole > 0 ? ((to - from) / whole) * 100 : 100,
  });
  const open = !closed.has(node.span.key);
  return {
    node,
    open,
    ...part({ from: startOf(node), to: endOf(node) }),
    own: ownTime(node).map(part),
    gaps: gapsOf(node, whole).map((gap) => ({ ...part(gap), ms: gap.to - gap.from })),
  };
}

export interface ServiceSum {
  readonly name: string;
  readonly spans: number;
  readonly errors: number;
  /** Milliseconds of its own work. */
  readonly own: number;
}

/** The services of a trace, in the order in which it came to them. */
export function servicesOf({ nodes }: Trace): readonly ServiceSum[] {
  const sums = new Map<string, { spans: number; errors: number; own: number }>();
  for (const node of nodes) {
    const { service, error } = node.span;
    const sum = sums.get(service) ?? { spans: 0, errors: 0, own: 0 };
    sums.set(service, sum);
    sum.spans += 1;
    sum.errors += error ? 1 : 0;
    sum.own += total(ownTime(node));
  }
  return [...sums].map(([name, sum]) => ({ name, ...sum }));
}
