/** Formats the values of a variable, as in `${name:csv}`. The formats are Grafana's. */
export type Format = (values: readonly string[], name: string) => string;

const regexEscape = (value: string) => value.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** Escapes a value for a regular expression in a PromQL or LogQL string, where each backslash must be escaped too. */
const promEscape = (value: string) =>
  value.replace(/\\/g, "\\\\\\\\").replace(/[$^*{}[\]'+?.()|]/g, "\\\\$&");

const alternatives = (values: readonly string[]) =>
  values.length === 1 ? (values[0] ?? "") : `(${values.join("|")})`;

export const FORMATS: Readonly<Record<string, Format>> = {
  raw: (values) => values.join(","),
  csv: (values) => values.join(","),
  text: (values) => values.join(" + "),
  pipe: (values) => values.join("|"),
  regex: (values) => alternatives(values.map(regexEscape)),
  /** The format of Grafana's Prometheus and Loki data sources, which has no name in Grafana. */
  promql: (values) => alternatives(values.map(promEscape)),
  glob: (values) => (values.length > 1 ? `{${values.join(",")}}` : (values[0] ?? "")),
  json: (values) => JSON.stringify(values.length === 1 ? values[0] : values),
  singlequote: (values) => values.map((value) => `'${value.replace(/'/g, "\\'")}'`).join(","),
  doublequote: (values) => values.map((value) => `"${value.replace(/"/g, '\\"')}"`).join(","),
  sqlstring: (values) => values.map((value) => `'${value.replace(/'/g, "''")}'`).join(","),
  percentencode: (values) =>
    encodeURIComponent(values.length > 1 ? `{${values.join(",")}}` : (values[0] ?? "")),
  uriencode: (values) => encodeURIComponent(values.length > 1 ? `{${values.join(",")}}` : (values[0] ?? "")),
  queryparam: (values, name) =>
    values.map((value) => `var-${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&"),
};
