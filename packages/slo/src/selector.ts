import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";
import { RE2JS } from "re2js";

export type MatchOperator = "=" | "!=" | "=~" | "!~";

export interface Matcher {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

/** The selector of one metric: its name, and what its labels must be. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

/** Why a query cannot be used, as the end of a sentence that starts with its field. */
export class SelectorError extends Error {
  override name = "SelectorError";

  constructor(sentence: string) {
    super(oneLine(sentence));
  }
}

const EXAMPLE = 'http_requests_total{service_name="x"}';
const PLAIN = `write the plain selector of a counter, such as ${EXAMPLE}`;
const ACCEPTED = `must be the plain selector of a counter, such as ${EXAMPLE}, or sum(rate(…[5m])) of one`;

/** What Sloth and Grafana write for "the window": the generator's own windows take its place anyway. */
const WINDOW_TEMPLATE =
  /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\[\s*(?:\{\{-?\s*\.[Ww]indow\s*-?\}\}|\$\w+|\$\{\w+\})\s*\]/gs;

/**
 * The selector of the counter in a query. The query is the plain selector, or what others write around it:
 * `sum(…)`, `rate(…[5m])` or `increase(…[5m])`. The range is dropped: the generator adds `increase()` and its windows.
 * @throws {SelectorError} if the query is anything else, or Prometheus would refuse it.
 */
export function parseSelector(query: string): Selector {
  if (query.trim() === "") throw new SelectorError(`is empty: ${PLAIN}`);
  const text = query.replace(WINDOW_TEMPLATE, (match) => (match.startsWith("[") ? "[5m]" : match));
  const root = parser.parse(text).topNode;
  refuseSyntaxErrors(root, text);
  return readSelector(counterOf(expressionsIn(root)[0], text), text);
}

/** The selector as PromQL, on one line and without comments. */
export function selectorText({ metric, matchers }: Selector): string {
  const parts = matchers.map(
    ({ label, operator, value }) =>
      `${/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : literal(label)}${operator}${literal(value)}`,
  );
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(metric)) return `{${[literal(metric), ...parts].join(",")}}`;
  return parts.length > 0 ? `${metric}{${parts.join(",")}}` : metric;
}

/** Whether a series is selected; a label that it does not have is empty, as in Prometheus. */
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

/** Prometheus anchors regular expressions, and lets `.` match a line break. */
const regularExpression = (value: string) => RE2JS.compile(value, RE2JS.DOTALL);

/** A string of PromQL. Characters that YAML does not allow as they are become escapes. */
const literal = (value: string) =>
  JSON.stringify(value).replaceAll(
    /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

function refuseSyntaxErrors(root: SyntaxNode, text: string): void {
  const cursor = root.cursor();
  do {
    if (!cursor.type.isError) continue;
    const { parent } = cursor.node;
    const label =
      parent?.name === "UnquotedLabelMatcher" && parent.getChild("MatchOp") && parent.getChild("LabelName");
    const bare = /^\s*([\w./][\w./:-]*|(?=[,}]))/.exec(text.slice(cursor.from));
    if (label && bare) {
      const name = text.slice(label.from, label.to);
      const value = bare[1] || "…";
      throw new SelectorError(
        `the value of the label ${name} must be in quotes (in ${quote(text)}): write "${value}"`,
      );
    }
    const near = text.slice(cursor.from).trim().slice(0, 20);
    throw new SelectorError(
      `is not valid PromQL ${near === "" ? "at its end" : `near ${quote(near)}`} (in ${quote(text)}): ${PLAIN}`,
    );
  } while (cursor.next());
}

const SYNTAX_ONLY = new Set(["LineComment"]);

const expressionsIn = (node: SyntaxNode): SyntaxNode[] => {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (!SYNTAX_ONLY.has(child.name)) children.push(child);
  return children;
};

/** Goes down to the selector, through what the generator replaces by its own windows; refuses everything else. */
function counterOf(node: SyntaxNode | undefined, text: string): SyntaxNode {
  if (!node) throw new SelectorError(`is empty: ${PLAIN}`);
  const refuse = (what: string): never => {
    throw new SelectorError(`${ACCEPTED}; this one ${what}: ${quote(text)}`);
  };
  const children = expressionsIn(node);
  const source = (child: SyntaxNode | undefined) => (child ? text.slice(child.from, child.to) : "");
  const argument = () => {
    const body = node.getChild("FunctionCallBody");
    const values = body ? expressionsIn(body) : [];
    return values.length === 1
      ? values[0]
      : refuse(`calls ${source(children[0])}() with ${values.length} arguments`);
  };
  switch (node.name) {
    case "VectorSelector":
      return node;
    case "ParenExpr":
    case "MatrixSelector":
      return counterOf(children[0], text);
    case "AggregateExpr": {
      const operator = source(children[0]);
      if (operator.toLowerCase() !== "sum") return refuse(`aggregates with ${operator}()`);
      const modifier = node.getChild("AggregateModifier");
      if (modifier) return refuse(`groups the events with ${quote(source(modifier))}`);
      return counterOf(argument(), text);
    }
    case "FunctionCall": {
      const name = source(children[0]);
      if (name !== "rate" && name !== "increase") return refuse(`calls ${name}()`);
      const range = argument();
      let inner = range;
      while (inner?.name === "ParenExpr") inner = expressionsIn(inner)[0];
      if (inner?.name === "VectorSelector") return refuse(`calls ${name}() without a range such as [5m]`);
      return counterOf(range, text);
    }
    case "OffsetExpr":
      return refuse("shifts it in time with offset");
    case "StepInvariantExpr":
      return refuse("fixes its time with @");
    case "AnchoredExpr":
    case "SmoothedExpr":
      return refuse(`modifies its range with ${node.name === "AnchoredExpr" ? "anchored" : "smoothed"}`);
    case "SubqueryExpr":
      return refuse("is a subquery");
    case "BinaryExpr":
      return refuse(`combines several expressions with ${quote(source(children[1]))}`);
    case "UnaryExpr":
      return refuse("has a sign");
    default:
      return refuse("selects no metric");
  }
}

function readSelector(node: SyntaxNode, text: string): Selector {
  const source = (child: SyntaxNode) => text.slice(child.from, child.to);
  const identifier = node.getChild("Identifier");
  const names = identifier ? [source(identifier)] : [];
  const matchers: Matcher[] = [];
  const list = node.getChild("LabelMatchers");
  for (const child of list ? expressionsIn(list) : []) {
    if (child.name === "QuotedLabelName") {
      names.push(unquote(source(child)));
      continue;
    }
    const [label, operator, value] = expressionsIn(child).map(source);
    if (label === undefined || operator === undefined || value === undefined)
      throw new SelectorError(`is not valid PromQL (in ${quote(text)}): ${PLAIN}`);
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
      `must name one metric, once, before the braces instead of by __name__ (is ${quote(text)}): ${PLAIN}`,
    );
  const [metric, ...more] = names;
  if (metric === undefined || metric === "")
    throw new SelectorError(
      `names no metric (is ${quote(text)}): write the counter's name before the braces, as in ${EXAMPLE}`,
    );
  if (more.length > 0)
    throw new SelectorError(`names two metrics, ${metric} and ${more[0]} (in ${quote(text)}): keep one`);
  const labels = matchers.filter(({ label }) => label !== "__name__");
  if (metric.endsWith("_bucket") && !labels.some(({ label }) => label === "le"))
    throw new SelectorError(
      `selects every bucket of the histogram ${metric}, which counts an event several times: add the bucket, such as le="0.25", or use ${metric.replace(/_bucket$/, "_count")}`,
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

/** A PromQL string's value; its escapes are Go's. */
function unquote(literal: string): string {
  const [mark] = literal;
  const invalid = (why: string) => new SelectorError(`has an invalid string ${oneLine(literal)}: ${why}`);
  if (mark === undefined || literal.length < 2 || !literal.endsWith(mark))
    throw invalid("the closing quote is missing: add it");
  const body = literal.slice(1, -1);
  const value =
    mark === "`"
      ? body
      : body.replaceAll(
          /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.|$)/gsu,
          (written, code: string) => {
            if (code === mark) return mark;
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
                `PromQL has no escape ${written}: write \\${written}, or put the string in backticks`,
              );
            return String.fromCodePoint(number);
          },
        );
  if (!value.isWellFormed())
    throw invalid("half of a surrogate pair is no character: write the whole character");
  return value;
}

const quote = (text: string) => {
  const line = oneLine(text);
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
};

/** Text on one line: line breaks, and characters that YAML does not allow, become spaces. */
export const oneLine = (text: string): string =>
  text.replaceAll(/[\s\p{Cc}\p{Cs}\ufffe\uffff]+/gu, " ").trim();
