import type { TimeRange } from "@grafana/data";
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import type { Dashboard } from "../model/dashboard.ts";
import type { Variable } from "../model/variable.ts";
import { builtIns } from "../queries/context.ts";
import { askVariable } from "../queries/variable.ts";
import { interpolate, referencesIn } from "../variables/interpolate.ts";
import { customOptions, filtered, intervalOptions, sorted } from "../variables/options.ts";
import { chosenValues, meaningOf, type Option, type VariableState } from "../variables/values.ts";

const DATA_SOURCES: readonly Option[] = ["prometheus", "loki", "tempo"].map((value) => ({
  value,
  text: value,
}));

/** Options are fetched again when the time range has moved by this much. */
const GRAIN_MS = 60_000;

/** Returns the variables of a dashboard, each with its options and the values that the URL selects. */
export function useVariables(dashboard: Dashboard, range: TimeRange): readonly VariableState[] {
  const [params] = useSearchParams();
  const { variables } = dashboard;
  const inUrl = variables.map(({ name }) => params.getAll(`var-${name}`));
  const span = {
    from: Math.floor(range.from.valueOf() / GRAIN_MS) * 60,
    to: Math.ceil(range.to.valueOf() / GRAIN_MS) * 60,
  };
  const questions = variables.map((variable, index) =>
    questionOf(variable, index, variables, inUrl, dashboard, range),
  );
  const responses = useQueries({
    queries: variables.map((variable, index) => ({
      queryKey: ["variable", variable.datasource.type, variable.name, questions[index], span.from, span.to],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        askVariable(variable, questions[index] ?? "", span, signal),
      enabled: variable.type === "query",
      placeholderData: (before: readonly string[] | undefined) => before,
      staleTime: GRAIN_MS,
    })),
  });
  const fingerprint = JSON.stringify([inUrl, responses.map(({ data, error }) => [data, error?.message])]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the fingerprint changes with everything that the result depends on
  return useMemo(
    () =>
      variables.map((variable, index) => {
        const response = responses[index];
        const options = optionsOf(variable, response?.data);
        return {
          variable,
          options: options ?? [],
          chosen: chosenValues(variable, inUrl[index] ?? [], options),
          isLoading: variable.type === "query" && (response?.isPending ?? false),
          error: response?.error ?? undefined,
        };
      }),
    [variables, fingerprint],
  );
}

function optionsOf(
  variable: Variable,
  response: readonly string[] | undefined,
): readonly Option[] | undefined {
  switch (variable.type) {
    case "query":
      return response && sorted(filtered(response, variable.regex), variable.sort);
    case "custom":
      return customOptions(variable.query);
    case "interval":
      return intervalOptions(variable.query);
    case "datasource":
      return DATA_SOURCES.filter(({ value }) => value === variable.query || variable.query === "");
    default:
      return undefined;
  }
}

/** Returns a variable's query, with the values of other variables inserted. */
function questionOf(
  variable: Variable,
  index: number,
  variables: readonly Variable[],
  inUrl: readonly (readonly string[])[],
  dashboard: Dashboard,
  range: TimeRange,
): string {
  if (referencesIn(variable.query).length === 0) return variable.query;
  const standard = builtIns({ dashboard, variables: [], range }, 15_000);
  return interpolate(
    variable.query,
    (path) => {
      const other = variables.findIndex(({ name }, place) => name === path && place !== index);
      const found = variables[other];
      if (!found) return standard[path];
      const chosen = chosenValues(found, inUrl[other] ?? [], undefined);
      return meaningOf({ variable: found, chosen, options: [], isLoading: false, error: undefined });
    },
    "promql",
  );
}
