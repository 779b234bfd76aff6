import { ownTime, total } from "./own-time.ts";
import type { Trace } from "./tree.ts";

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
