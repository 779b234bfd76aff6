import { readTrace } from "./read.ts";
import { clocksPutRight } from "./skew.ts";
import { type Trace, treeOf } from "./tree.ts";

/** From Tempo's JSON to a tree with its clocks put right. */
export const traceOf = (answer: unknown): Trace => clocksPutRight(treeOf(readTrace(answer)));
