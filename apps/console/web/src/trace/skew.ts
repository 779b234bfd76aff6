import { durationOf, endOf, extent, type Node, startOf, type Trace } from "./tree.ts";

/** Clocks that start spans with whole milliseconds are off by one; that is nothing to put right. */
const TOLERATED_MS = 2;

/**
 * Moves the spans of a service whose clock is off into the call that led to them, and remembers by how much. Only a
 * server's span that began before its caller's, or ended after it, says so; one that simply took longer than its caller
 * waited does not. A consumer's span says nothing about clocks: it may begin long after its producer's has ended.
 */
export function clocksPutRight(trace: Trace): Trace {
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
  // The service may go on after its caller has left: that is no sign of a wrong clock.
  if (early <= TOLERATED_MS && (late <= TOLERATED_MS || start <= endOf(parent))) return 0;
  return early + Math.max(0, room / 2);
}
