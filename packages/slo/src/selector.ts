import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";
import { RE2JS } from "re2js";

/** An operator of a label matcher. */
export type MatchOperator = "=" | "!=" | "=~" | "!~";

/** A condition on the value of one label. */
export interface Matcher {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

/** A selector of one metric: its name and its label matchers. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

/** Why a query is not supported. The message continues a sentence that starts with the field of the query. */
export class SelectorError extends Error {
  override name = "SelectorError";

  constructor(sentence: string) {
    super(oneLine(sentence));
  }
}

const EXAMPLE = 'http_requests_total{service_name="x"}';
const USE_SELECTOR = `use the selector of a counter, such as ${EXAMPLE}`;
const ACCEPTED = `must be the selector of a counter, such as ${EXAMPLE}, or sum(rate(…[5m])) of it`;

/** Quoted strings, and the variables that Sloth and Grafana use for the window, which the generator replaces anyway. */
const WINDOW_TEMPLATE =
  /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\[\s*(?:\{\{-?\s*\.[Ww]indow\s*-?\}\}|\$\w+|\$\{\w+\})\s*\]/gs;

/**
 * Returns the selector of the counter in a query. The query may contain `sum(…)`, `rate(…[5m])` or `increase(…[5m])`
 * around the selector. They are dropped, because the generator adds `sum(increase(…))` with its own windows.
 * @throws {SelectorError} if the query contains anything else or is not valid in Prometheus.
 */
export function parseSelector(query: string): Selector {
  if (query.trim() === "") throw new SelectorError(`is empty: ${USE_SELECTOR}`);
  const text = query.replace(WINDOW_TEMPLATE, (match) => (match.startsWith("[") ? "[5m]" : match));
  const root = parser.parse(text).topNode;
  checkSyntax(root, text);
  return readSelector(counterOf(childrenOf(root)[0], text), text);
}

/** Returns the selector as PromQL on one line, without comments. */
export function selectorText({ metric, matchers }: Selector): string {
  const parts = matchers.map(
    ({ label, operator, value }) =>
      `${/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : stringLiteral(label)}${operator}${stringLiteral(value)}`,
  );
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(metric)) return `{${[stringLiteral(metric), ...parts].join(",")}}`;
  return parts.length > 0 ? `${metric}{${parts.join(",")}}` : metric;
}

/** Returns whether a selector selects a series. As in Prometheus, a missing label counts as empty. */
export function selects(
  { metric, matchers }: Selector,
  series: { readonly metric: string; readonly labels: Readonly<Record<string, string>> },
): boolean {
  return metric === series.metric && matchers.every((matcher) => matches(matcher, series.labels));
}

function matches({ label, operator, value }: Matcher, labels: Readonly<Record<string, string>>): boolean {
  const actual = labels[label] ?? "";
  switch (operator) {
    case "=":
      return actual === value;
    case "!=":
      return actual !== value;
    case "=~":
      return regularExpression(value).matches(actual);
    case "!~":
      return !regularExpression(value).matches(actual);
  }
}

/** Compiled as in Prometheus: `.` matches a line break. The caller uses `matches()`, which anchors at both ends. */
const regularExpression = (value: string) => RE2JS.compile(value, RE2JS.DOTALL);

/** Formats a PromQL string. Characters that YAML does not allow are escaped. */
const stringLiteral = (value: string) =>
  JSON.stringify(value).replaceAll(
    /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

function checkSyntax(root: SyntaxNode, text: string): void {
  const cursor = root.cursor();
  do {
    if (!cursor.type.isError) continue;
    const { parent } = cursor.node;
    const label =
      parent?.name === "UnquotedLabelMatcher" && parent.getChild("MatchOp") && parent.getChild("LabelName");
    const unquoted = /^\s*([\w./][\w./:-]*|(?=[,}]))/.exec(text.slice(cursor.from));
    if (label && unquoted) {
      const name = text.slice(label.from, label.to);
      const value = unquoted[1] || "…";
      throw new SelectorError(
        `the value of the label ${name} must be in quotes (in ${quote(text)}): use "${value}"`,
      );
    }
    const near = text.slice(cursor.from).trim().slice(0, 20);
    throw new SelectorError(
      `is not valid PromQL ${near === "" ? "at the end" : `near ${quote(near)}`} (in ${quote(text)}): ${USE_SELECTOR}`,
    );
  } while (cursor.next());
}

const SYNTAX_ONLY = new Set(["LineComment"]);

const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (!SYNTAX_ONLY.has(child.name)) children.push(child);
  return children;
};

/** Finds the selector inside `sum()`, `rate()`, `increase()` and parentheses. Throws for any other expression. */
function counterOf(node: SyntaxNode | undefined, text: string): SyntaxNode {
  if (!node) throw new SelectorError(`is empty: ${USE_SELECTOR}`);
  const unsupported = (use: string): never => {
    throw new SelectorError(`${ACCEPTED}; this query ${use}: ${quote(text)}`);
  };
  const children = childrenOf(node);
  const source = (child: SyntaxNode | undefined) => (child ? text.slice(child.from, child.to) : "");
  const argument = () => {
    const body = node.getChild("FunctionCallBody");
    const values = body ? childrenOf(body) : [];
    return values.length === 1
      ? values[0]
      : unsupported(`calls ${source(children[0])}() with ${values.length} arguments`);
  };
  switch (node.name) {
    case "VectorSelector":
      return node;
    case "ParenExpr":
    case "MatrixSelector":
      return counterOf(children[0], text);
    case "AggregateExpr": {
      const operator = source(children[0]);
      if (operator.toLowerCase() !== "sum") return unsupported(`aggregates with ${operator}()`);
      const modifier = node.getChild("AggregateModifier");
      if (modifier) return unsupported(`groups the events with ${quote(source(modifier))}`);
      return counterOf(argument(), text);
    }
    case "FunctionCall": {
      const name = source(children[0]);
      if (name !== "rate" && name !== "increase") return unsupported(`calls ${name}()`);
      const range = argument();
      let inner = range;
      while (inner?.name === "ParenExpr") inner = childrenOf(inner)[0];
      if (inner?.name === "VectorSelector")
        return unsupported(`calls ${name}() without a range such as [5m]`);
      return counterOf(range, text);
    }
    case "OffsetExpr":
      return unsupported("uses offset");
    case "StepInvariantExpr":
      return unsupported("uses @");
    case "AnchoredExpr":
    case "SmoothedExpr":
      return unsupported(`uses ${node.name === "AnchoredExpr" ? "anchored" : "smoothed"}`);
    case "SubqueryExpr":
      return unsupported("is a subquery");
    case "BinaryExpr":
      return unsupported(`combines several expressions with ${quote(source(children[1]))}`);
    case "UnaryExpr":
      return unsupported("starts with a sign");
    default:
      return unsupported("selects no metric");
  }
}

function readSelector(node: SyntaxNode, text: string): Selector {
  const source = (child: SyntaxNode) => text.slice(child.from, child.to);
  const identifier = node.getChild("Identifier");
  const names = identifier ? [source(identifier)] : [];
  const matchers: Matcher[] = [];
  const list = node.getChild("LabelMatchers");
  for (const child of list ? childrenOf(list) : []) {
    if (child.name === "QuotedLabelName") {
      names.push(unquote(source(child)));
      continue;
    }
    const [label, operator, value] = childrenOf(child).map(source);
    if (label === undefined || operator === undefined || value === undefined)
      throw new SelectorError(`is not valid PromQL (in ${quote(text)}): ${USE_SELECTOR}`);
    const matcher = {
      label: child.name === "QuotedLabelMatcher" ? unquote(label) : label,
      operator: operator as MatchOperator,
      value: unquote(value),
    };
    checkRegularExpression(matcher);
    matchers.push(matcher);
  }
  const named = matchers.filter(({ label }) => label === "__name__");
  if (names.length === 0 && named.length === 1 && named[0]?.operator === "=") names.push(named[0].value);
  else if (named.length > 0)
    throw new SelectorError(
      `must have one metric name, before the braces and not in __name__ (got ${quote(text)}): ${USE_SELECTOR}`,
    );
  const [metric, ...otherNames] = names;
  if (metric === undefined || metric === "")
    throw new SelectorError(
      `has no metric name (got ${quote(text)}): add the name of the counter before the braces, as in ${EXAMPLE}`,
    );
  if (otherNames.length > 0)
    throw new SelectorError(
      `has two metric names, ${metric} and ${otherNames[0]} (in ${quote(text)}): keep one`,
    );
  const labels = matchers.filter(({ label }) => label !== "__name__");
  if (metric.endsWith("_bucket") && !labels.some(({ label }) => label === "le"))
    throw new SelectorError(
      `selects all buckets of the histogram ${metric}, which would count each event several times: add a bucket, such as le="0.25", or use ${metric.replace(/_bucket$/, "_count")}`,
    );
  return { metric, matchers: labels };
}

function checkRegularExpression({ label, operator, value }: Matcher): void {
  if (operator === "=" || operator === "!=") return;
  try {
    regularExpression(value);
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : String(error);
    throw new SelectorError(
      `the regular expression of the label ${label} is not valid in Prometheus (RE2): ${oneLine(reason)}: correct ${quote(value)}`,
    );
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

/** Returns the value of a PromQL string, which has the escapes of Go. */
function unquote(literal: string): string {
  const [quoteMark] = literal;
  const invalid = (why: string) => new SelectorError(`has an invalid string ${oneLine(literal)}: ${why}`);
  if (quoteMark === undefined || literal.length < 2 || !literal.endsWith(quoteMark))
    throw invalid("the closing quote is missing: add it");
  const body = literal.slice(1, -1);
  const value =
    quoteMark === "`"
      ? body
      : body.replaceAll(
          /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.|$)/gsu,
          (sequence, code: string) => {
            if (code === quoteMark) return quoteMark;
            const simple = ESCAPES[code];
            if (simple !== undefined) return simple;
            const number =
              code.length > 1
                ? Number.parseInt(code.replace(/^[xuU]/, ""), /^[0-7]/.test(code) ? 8 : 16)
                : Number.NaN;
            // \x80 and above are bytes, not characters.
            const isByte = code.length === 3;
            if (Number.isNaN(number) || number > (isByte ? 0x7f : 0x10ffff))
              throw invalid(
                `PromQL has no escape ${sequence}: use \\${sequence}, or put the string in backticks`,
              );
            return String.fromCodePoint(number);
          },
        );
  if (!value.isWellFormed())
    throw invalid("it contains half of a surrogate pair: use the complete character");
  return value;
}

const quote = (text: string) => {
  const line = oneLine(text);
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
};

/** Puts a text on one line. White space and characters that YAML does not allow become single spaces. */
export const oneLine = (text: string): string =>
  text.replaceAll(/[\s\p{Cc}\p{Cs}\ufffe\uffff]+/gu, " ").trim();
