import type { Trace } from "./tree.ts";

/** What a trace still lacks, in words; empty: it is all there. */
export function missingOf(trace: Trace | undefined, expected: readonly string[]): readonly string[] {
  if (!trace || trace.nodes.length === 0) return ["its first span"];
  const there = new Set(trace.nodes.map(({ span }) => span.service));
  const services = expected.filter((name) => !there.has(name)).map((name) => `a span of ${name}`);
  const root = trace.roots.some(({ orphan, loop }) => !orphan && !loop) ? [] : ["its root span"];
  const parents = trace.roots.some(({ orphan }) => orphan) && root.length === 0 ? ["a span in between"] : [];
  return [...root, ...services, ...parents];
}
