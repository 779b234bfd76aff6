import { endOf, type Node, startOf } from "./tree.ts";

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
