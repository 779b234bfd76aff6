import { ask, type Backends } from "./backends.ts";
import type { TimeRange } from "./intervals.ts";
import type { DashboardJson, VariableJson } from "./model.ts";
import type { Value, Values } from "./substitute.ts";

/** What a variable is when the dashboard opens: all of it, or the empty text. */
export function defaultValue({ includeAll, allValue }: VariableJson): Value {
  return includeAll ? (allValue ?? ".*") : "";
}

/** What all variables of a dashboard are when it opens. */
export const defaultValues = ({ templating }: DashboardJson): Values =>
  Object.fromEntries((templating.list ?? []).map((variable) => [variable.name, defaultValue(variable)]));

/** `label_values(metric, label)`, as Grafana's Prometheus data source knows it. */
const LABEL_VALUES = /^label_values\(\s*(.+)\s*,\s*(\w+)\s*\)$/;

/** The values that the variable offers. Throws when its query is not one of the two kinds that the dashboards use. */
export async function offeredValues(
  variable: VariableJson,
  backends: Backends,
  { from, to }: TimeRange,
): Promise<string[]> {
  const query = (variable.query ?? {}) as { query?: string; label?: string };
  const [, metric, label] = LABEL_VALUES.exec(query.query ?? "") ?? [];
  if (variable.datasource?.type === "prometheus" && metric && label) {
    const path = `/api/v1/label/${label}/values`;
    const parameters = { "match[]": metric, start: `${from}`, end: `${to}` };
    return (await ask<{ data: string[] }>(backends.prometheus, path, parameters)).data;
  }
  if (variable.datasource?.type === "loki" && query.label) {
    const parameters = { start: `${Math.floor(from * 1e9)}`, end: `${Math.ceil(to * 1e9)}` };
    const path = `/loki/api/v1/label/${query.label}/values`;
    return (await ask<{ data?: string[] }>(backends.loki, path, parameters)).data ?? [];
  }
  throw new Error(`variable ${variable.name}: not a kind of query that is known here`);
}

/** One set of values of all variables, and what it is called in a complaint. */
export interface Choice {
  readonly name: string;
  readonly values: Values;
}

/**
 * Everything at its default ("All"); each value of each variable with the others at their defaults; and, for several
 * values at once, all of them chosen one by one.
 */
export async function choices(
  dashboard: DashboardJson,
  backends: Backends,
  range: TimeRange,
): Promise<Choice[]> {
  const variables = dashboard.templating.list ?? [];
  const defaults = defaultValues(dashboard);
  const found: Choice[] = [{ name: "all", values: defaults }];
  for (const variable of variables.filter(({ type }) => type === "query")) {
    const offered = await offeredValues(variable, backends, range);
    if (offered.length === 0) throw new Error(`${dashboard.uid}: variable ${variable.name} offers nothing`);
    for (const value of offered)
      found.push({ name: `${variable.name}=${value}`, values: { ...defaults, [variable.name]: [value] } });
    if (variable.multi && offered.length > 1)
      found.push({ name: `every ${variable.name}`, values: { ...defaults, [variable.name]: offered } });
  }
  return found;
}
