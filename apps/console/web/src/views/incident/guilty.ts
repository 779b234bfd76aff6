import { attribute } from "../../trace/span.ts";
import type { Node, Trace } from "../../trace/tree.ts";

/** The spans of a trace that name a fault. Several at once are told as `slow-a,slow-b`. */
export const guiltySpans = (trace: Trace | undefined, fault: string): Node[] =>
  (trace?.nodes ?? []).filter(({ span }) =>
    attribute(span.attributes, "lab.fault")?.split(",").includes(fault),
  );
