/**
 * A variable's value: a text without change (also the value of "All"), or the selected values of a multi-value
 * variable.
 */
export type VariableValue = string | readonly string[];
export type VariableValues = Readonly<Record<string, VariableValue>>;

/** `regex` for PromQL and LogQL, where values are parts of a regular expression in a string; `pipe` for TraceQL. */
export type VariableFormat = "regex" | "pipe";

/** `$name`, `${name}`, `${name:format}`, `[[name]]`. */
const REFERENCE = /\$(\w+)|\$\{(\w+)(?::\w+)?\}|\[\[(\w+)\]\]/g;

/**
 * Replaces Grafana's variables in a query, as the data source does. Variables that are not in `values` are not
 * replaced.
 */
export function interpolate(query: string, values: VariableValues, format: VariableFormat): string {
  return query.replace(REFERENCE, (reference, bare?: string, braced?: string, bracketed?: string) => {
    const value = values[bare ?? braced ?? bracketed ?? ""];
    return value === undefined ? reference : formatValue(value, format);
  });
}

/** Returns the names of the variables that a text refers to. */
export const variableReferences = (text: string): string[] =>
  [...text.matchAll(REFERENCE)].map(([, bare, braced, bracketed]) => bare ?? braced ?? bracketed ?? "");

function formatValue(value: VariableValue, format: VariableFormat): string {
  if (typeof value === "string") return value;
  if (format === "pipe") return value.join("|");
  const alternatives = value.map(escapeRegex);
  return alternatives.length === 1 ? (alternatives[0] ?? "") : `(${alternatives.join("|")})`;
}

/** For a regular expression in a string: a backslash must be escaped too. */
const escapeRegex = (value: string) =>
  value.replace(/\\/g, "\\\\\\\\").replace(/[$^*{}[\]'+?.()|]/g, "\\\\$&");
