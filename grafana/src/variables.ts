import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DATA_SOURCES } from "./uids.ts";

/** The value of "All". Not the list of values, so that a service that is added later is included. */
const ANYTHING = ".+";

interface VariableText {
  readonly name: string;
  readonly label: string;
  readonly description: string;
}

const choice = ({ name, label, description }: VariableText) =>
  new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(ANYTHING)
    .current({ selected: true, text: "All", value: "$__all" });

/** Returns a variable with the values of a label of a metric. Used as `label=~"$name"`. */
export function metricLabel(text: VariableText, metric: string, label: string): Builder<VariableModel> {
  const query = `label_values(${metric}, ${label})`;
  return choice(text)
    .datasource(DATA_SOURCES.prometheus)
    .definition(query)
    .query({ qryType: 1, query, refId: "PrometheusVariableQueryEditor-VariableQuery" });
}

/** Returns a variable with the values of a label in Loki. Used as `label=~"$name"`. */
export function logLabel(text: VariableText, label: string): Builder<VariableModel> {
  return choice(text)
    .datasource(DATA_SOURCES.loki)
    .definition(`label_values(${label})`)
    .query({ type: 1, label, stream: "", refId: "LokiVariableQueryEditor-VariableQuery" });
}

/**
 * Returns a hidden variable with a number that PromQL computes for a query in another language. `expression` must be on
 * one line and always have a value; `usual` is used until the value is known.
 */
export function computed(text: VariableText, expression: string, usual: string): Builder<VariableModel> {
  const query = `query_result(${expression})`;
  const variable = new QueryVariableBuilder(text.name)
    .label(text.label)
    .description(text.description)
    .hide(VariableHide.HideVariable)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .regex(COMPUTED_VALUE)
    .current({ selected: true, text: usual, value: usual })
    .datasource(DATA_SOURCES.prometheus)
    .definition(query)
    .query({ qryType: 3, query, refId: "PrometheusVariableQueryEditor-VariableQuery" });
  // The builder does not support this property. It keeps links from passing the number on to another time range.
  return { build: () => ({ ...variable.build(), skipUrlSync: true }) as VariableModel };
}

/** Grafana writes a result as `{} 345 1700000000000`: labels, value, time. */
const COMPUTED_VALUE = "/ ([0-9.]+) /";

/** Returns a variable for a text that the user types; empty at first. */
export function text({ name, label, description }: VariableText): Builder<VariableModel> {
  return new TextBoxVariableBuilder(name)
    .label(label)
    .description(description)
    .defaultValue("")
    .current({ selected: true, text: "", value: "" });
}
