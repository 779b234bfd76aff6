import { gapsOf, ownTime, type Stretch } from "./own-time.ts";
import { endOf, type Node, startOf, type Trace } from "./tree.ts";

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
