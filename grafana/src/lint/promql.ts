import { getJson } from "../queries/backend-client.ts";

/** A node of an expression as Prometheus parses it (`/api/v1/parse_query`), with the fields that are used here. */
export interface Node {
  readonly type: string;
  /** Only for a selector: the metric. */
  readonly name?: string;
  readonly matchers?: readonly { readonly name: string; readonly value: string }[];
  /** Only for an aggregation or an operation. */
  readonly op?: string;
  readonly grouping?: readonly string[];
  readonly without?: boolean;
  readonly matching?: { readonly labels: readonly string[]; readonly include: readonly string[] } | null;
  /** Only for a function call. */
  readonly func?: { readonly name: string };
  readonly args?: readonly Node[];
  readonly expr?: Node;
  readonly lhs?: Node;
  readonly rhs?: Node;
}

/** Parses PromQL with Prometheus's own parser. Throws the parser's message. */
export const parseExpression = async (prometheus: string, query: string): Promise<Node> =>
  (await getJson<{ data: Node }>(prometheus, "/api/v1/parse_query", { query })).data;

const children = ({ args = [], expr, lhs, rhs }: Node): Node[] =>
  [...args, expr, lhs, rhs].filter((node): node is Node => node !== undefined && node !== null);

/** Returns the node and all nodes below it. */
export const allNodes = (node: Node): Node[] => [node, ...children(node).flatMap(allNodes)];

const isSelector = ({ type }: Node) => type === "vectorSelector" || type === "matrixSelector";

/** Returns the selectors in an expression. */
export const selectorsOf = (node: Node): Node[] => allNodes(node).filter(isSelector);

/** Labels that the expression creates or that every series can have. They are not checked. */
const GENERATED_LABELS = new Set(["le", "__name__"]);

/** Returns the labels that `node` itself uses, without the nodes below it, and the metrics that must have them. */
export function labelsUsed(node: Node): {
  readonly labels: readonly string[];
  readonly metrics: readonly string[];
} {
  const labels = isSelector(node)
    ? (node.matchers ?? []).filter(({ name }) => name !== "__name__").map(({ name }) => name)
    : node.type === "aggregation"
      ? (node.grouping ?? [])
      : node.type === "binaryExpr"
        ? [...(node.matching?.labels ?? []), ...(node.matching?.include ?? [])]
        : [];
  const metrics = selectorsOf(node).map(({ name = "" }) => name);
  return { labels: labels.filter((label) => !GENERATED_LABELS.has(label)), metrics };
}

/** `counter`, `gauge`, `histogram`, `summary`, by the name of a metric without `_bucket`, `_sum`, `_count`. */
export type TypeOf = (metric: string) => string | undefined;

const RATE_FUNCTIONS = new Set(["rate", "increase", "irate"]);
const HISTOGRAM_SUFFIX = /_(bucket|sum|count)$/;

/** Returns the calculation errors of an expression, as sentences. */
export function lintExpression(root: Node, typeOf: TypeOf): string[] {
  return allNodes(root).flatMap((node) => {
    if (node.type === "call" && RATE_FUNCTIONS.has(node.func?.name ?? "")) return lintRate(node, typeOf);
    if (node.type === "call" && node.func?.name === "histogram_quantile") return lintQuantile(node);
    if (node.type === "aggregation" && node.op === "avg") return lintAverage(node);
    return [];
  });
}

/** Only counters have a rate. */
function lintRate(call: Node, typeOf: TypeOf): string[] {
  return selectorsOf(call).flatMap(({ name = "" }) => {
    const type = HISTOGRAM_SUFFIX.test(name) ? "counter" : typeOf(name);
    return type === undefined || type === "counter"
      ? []
      : [`${call.func?.name}() of ${name}, which is a ${type}`];
  });
}

/** A metric without one of the suffixes is a native histogram, which has no label `le`. */
const isNativeHistogram = ({ name = "" }: Node): boolean => !HISTOGRAM_SUFFIX.test(name);

/**
 * Returns the errors of a quantile, which needs rates (or increases) of buckets, summed by `le`, or of native
 * histograms.
 */
function lintQuantile({ args: [, buckets] = [] }: Node): string[] {
  const problems: string[] = [];
  const inner = buckets?.type === "parenExpr" ? buckets.expr : buckets;
  const selectors = inner ? selectorsOf(inner) : [];
  const native = selectors.length > 0 && selectors.every(isNativeHistogram);
  const isSum = inner?.type === "aggregation" && inner.op === "sum" && !inner.without;
  if (!isSum || inner.grouping?.includes("le") === native)
    problems.push(
      "histogram_quantile() of something that is not sum by (le, …), or sum by (…) of native histograms",
    );
  if (inner && !allNodes(inner).some(({ func }) => RATE_FUNCTIONS.has(func?.name ?? "")))
    problems.push("histogram_quantile() of buckets since the start: rate() is missing");
  const others = native ? [] : selectors.filter(({ name = "" }) => !name.endsWith("_bucket"));
  for (const { name } of others) problems.push(`histogram_quantile() of ${name}, which is not a bucket`);
  return problems;
}

/**
 * Returns an error for an average of ratios or quantiles. Such an average has the wrong weights: an hour with one
 * request counts the same as an hour with a thousand.
 */
function lintAverage(aggregation: Node): string[] {
  const inside = allNodes(aggregation).slice(1);
  const share = inside.some(({ type, op }) => type === "binaryExpr" && op === "/");
  const quantile = inside.some(({ func }) => func?.name === "histogram_quantile");
  return share || quantile ? ["avg() of shares or quantiles"] : [];
}
