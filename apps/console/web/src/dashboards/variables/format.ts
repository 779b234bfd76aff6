/** How a variable's values are written where they stand: `${name:csv}`. Grafana's formats. */
export type Format = (values: readonly string[], name: string) => string;

const regexEscape = (value: string) => value.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** For a regular expression inside of a PromQL or LogQL string: the backslash needs one of its own. */
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
  /** Not one of Grafana's names: what its Prometheus and Loki data sources do. */
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
