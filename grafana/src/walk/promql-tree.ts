import { getJson } from "./backends.ts";

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
export const parse = async (prometheus: string, query: string): Promise<Node> =>
  (await getJson<{ data: Node }>(prometheus, "/api/v1/parse_query", { query })).data;

const children = ({ args = [], expr, lhs, rhs }: Node): Node[] =>
  [...args, expr, lhs, rhs].filter((node): node is Node => node !== undefined && node !== null);

/** Returns the node and everything below it. */
export const everyNode = (node: Node): Node[] => [node, ...children(node).flatMap(everyNode)];

const isSelector = ({ type }: Node) => type === "vectorSelector" || type === "matrixSelector";
/** Returns the selectors in an expression. */
export const selectorsIn = (node: Node): Node[] => everyNode(node).filter(isSelector);

/** Labels that the expression creates or that every series may get; they are not looked up. */
const MADE = new Set(["le", "__name__"]);

/** Returns the labels that `node` itself names (not those below it), and the metrics that must have them. */
export function labelsNamed(node: Node): {
  readonly labels: readonly string[];
  readonly on: readonly string[];
} {
  const labels = isSelector(node)
    ? (node.matchers ?? []).filter(({ name }) => name !== "__name__").map(({ name }) => name)
    : node.type === "aggregation"
      ? (node.grouping ?? [])
      : node.type === "binaryExpr"
        ? [...(node.matching?.labels ?? []), ...(node.matching?.include ?? [])]
        : [];
  const on = selectorsIn(node).map(({ name = "" }) => name);
  return { labels: labels.filter((label) => !MADE.has(label)), on };
}
