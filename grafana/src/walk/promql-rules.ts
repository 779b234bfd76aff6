import { everyNode, type Node, selectorsIn } from "./promql-tree.ts";

/** `counter`, `gauge`, `histogram`, `summary`, by the name of a metric without `_bucket`, `_sum`, `_count`. */
export type TypeOf = (metric: string) => string | undefined;

const GROWS = new Set(["rate", "increase", "irate"]);
const PART_OF_HISTOGRAM = /_(bucket|sum|count)$/;

/** Returns the mathematical errors of an expression, as sentences. */
export function wrongMath(root: Node, typeOf: TypeOf): string[] {
  return everyNode(root).flatMap((node) => {
    if (node.type === "call" && GROWS.has(node.func?.name ?? "")) return wrongGrowth(node, typeOf);
    if (node.type === "call" && node.func?.name === "histogram_quantile") return wrongQuantile(node);
    if (node.type === "aggregation" && node.op === "avg") return meansOfShares(node);
    return [];
  });
}

/** Only counters have a rate. */
function wrongGrowth(call: Node, typeOf: TypeOf): string[] {
  return selectorsIn(call).flatMap(({ name = "" }) => {
    const type = PART_OF_HISTOGRAM.test(name) ? "counter" : typeOf(name);
    return type === undefined || type === "counter"
      ? []
      : [`${call.func?.name}() of ${name}, which is a ${type}`];
  });
}

/** A metric without one of the suffixes is a native histogram, which has no label `le`. */
const isNative = ({ name = "" }: Node): boolean => !PART_OF_HISTOGRAM.test(name);

/**
 * Returns the errors of a quantile, which needs rates (or increases) of buckets, summed by `le`, or of native
 * histograms.
 */
function wrongQuantile({ args: [, buckets] = [] }: Node): string[] {
  const problems: string[] = [];
  const inner = buckets?.type === "parenExpr" ? buckets.expr : buckets;
  const selectors = inner ? selectorsIn(inner) : [];
  const native = selectors.length > 0 && selectors.every(isNative);
  const isSum = inner?.type === "aggregation" && inner.op === "sum" && !inner.without;
  if (!isSum || inner.grouping?.includes("le") === native)
    problems.push(
      "histogram_quantile() of something that is not sum by (le, …), or sum by (…) of native histograms",
    );
  if (inner && !everyNode(inner).some(({ func }) => GROWS.has(func?.name ?? "")))
    problems.push("histogram_quantile() of buckets since the start: rate() is missing");
  const others = native ? [] : selectors.filter(({ name = "" }) => !name.endsWith("_bucket"));
  for (const { name } of others) problems.push(`histogram_quantile() of ${name}, which is not a bucket`);
  return problems;
}

/**
 * Returns the means of shares or quantiles. Such a mean gives a request of a quiet hour the same weight as a thousand
 * of a busy one.
 */
function meansOfShares(aggregation: Node): string[] {
  const inside = everyNode(aggregation).slice(1);
  const share = inside.some(({ type, op }) => type === "binaryExpr" && op === "/");
  const quantile = inside.some(({ func }) => func?.name === "histogram_quantile");
  return share || quantile ? ["avg() of shares or quantiles"] : [];
}
