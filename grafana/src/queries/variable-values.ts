import { type Backends, getJson } from "./backend-client.ts";
import { type DashboardJson, type VariableJson, variableExpression } from "./dashboard-json.ts";
import { interpolate, type VariableValue, type VariableValues } from "./interpolation.ts";
import { globalVariables, SCRAPE_INTERVAL, type TimeRange } from "./intervals.ts";

/**
 * Returns the value of a variable when the dashboard opens: the stored value of a computed variable, "All" if it is
 * offered, otherwise an empty string.
 */
export function defaultValue(variable: VariableJson): VariableValue {
  if (variableExpression(variable) !== undefined) return String(variable.current?.value);
  return variable.includeAll ? (variable.allValue ?? ".*") : "";
}

/** Returns the values of all variables of a dashboard when it opens. */
export const defaultValues = ({ templating }: DashboardJson): VariableValues =>
  Object.fromEntries((templating.list ?? []).map((variable) => [variable.name, defaultValue(variable)]));

/** `label_values(metric, label)`, as Grafana's Prometheus data source accepts it. */
const LABEL_VALUES = /^label_values\(\s*(.+)\s*,\s*(\w+)\s*\)$/;

/**
 * Returns the values that the variable offers. Throws if its query is not one of the two kinds that the dashboards use.
 */
export async function variableOptions(
  variable: VariableJson,
  backends: Backends,
  { from, to }: TimeRange,
): Promise<string[]> {
  const query = (variable.query ?? {}) as { query?: string; label?: string };
  const [, metric, label] = LABEL_VALUES.exec(query.query ?? "") ?? [];
  if (variable.datasource?.type === "prometheus" && metric && label) {
    const path = `/api/v1/label/${label}/values`;
    const parameters = { "match[]": metric, start: `${from}`, end: `${to}` };
    return (await getJson<{ data: string[] }>(backends.prometheus, path, parameters)).data;
  }
  if (variable.datasource?.type === "loki" && query.label) {
    const parameters = { start: `${Math.floor(from * 1e9)}`, end: `${Math.ceil(to * 1e9)}` };
    const path = `/loki/api/v1/label/${query.label}/values`;
    return (await getJson<{ data?: string[] }>(backends.loki, path, parameters)).data ?? [];
  }
  throw new Error(
    `variable ${variable.name}: unsupported query. Supported: label_values(metric, label) of Prometheus, and label values of Loki.`,
  );
}

/**
 * `values` and the variables computed from them. Throws if an expression has no value, because queries would then fail.
 */
async function withComputed(
  { uid, templating }: DashboardJson,
  values: VariableValues,
  { prometheus }: Backends,
  range: TimeRange,
): Promise<VariableValues> {
  const computed: Record<string, VariableValue> = {};
  for (const variable of templating.list ?? []) {
    const expression = variableExpression(variable);
    if (expression === undefined) continue;
    const query = interpolate(expression, { ...values, ...globalVariables(range, SCRAPE_INTERVAL) }, "regex");
    const response = await getJson<{ data: { result: { value: [number, string] }[] } }>(
      prometheus,
      "/api/v1/query",
      { query, time: `${range.to}` },
    );
    // In the format of Grafana's metricFindQuery.
    const results = response.data.result.map(({ value: [time, value] }) => `{} ${value} ${time * 1000}`);
    const pattern = new RegExp((variable.regex ?? "").slice(1, -1));
    const [found] = results.flatMap((result) => pattern.exec(result)?.[1] ?? []);
    if (found === undefined)
      throw new Error(`${uid}: variable ${variable.name} has no value: ${results.join() || query}`);
    computed[variable.name] = found;
  }
  return { ...values, ...computed };
}

/** One set of values of all variables, and its name in messages. */
export interface VariableSelection {
  readonly name: string;
  readonly values: VariableValues;
}

/**
 * Everything at its default ("All"); each value of each variable with the others at their defaults; and, for each
 * variable that accepts several values, all its values selected explicitly instead of "All".
 */
export async function variableSelections(
  dashboard: DashboardJson,
  backends: Backends,
  range: TimeRange,
): Promise<VariableSelection[]> {
  const variables = dashboard.templating.list ?? [];
  const defaults = defaultValues(dashboard);
  const found: VariableSelection[] = [{ name: "all", values: defaults }];
  const selectable = variables.filter((one) => one.type === "query" && variableExpression(one) === undefined);
  for (const variable of selectable) {
    const options = await variableOptions(variable, backends, range);
    if (options.length === 0) throw new Error(`${dashboard.uid}: variable ${variable.name} has no values`);
    for (const value of options)
      found.push({ name: `${variable.name}=${value}`, values: { ...defaults, [variable.name]: [value] } });
    if (variable.multi && options.length > 1)
      found.push({ name: `every ${variable.name}`, values: { ...defaults, [variable.name]: options } });
  }
  return Promise.all(
    found.map(async ({ name, values }) => ({
      name,
      values: await withComputed(dashboard, values, backends, range),
    })),
  );
}
