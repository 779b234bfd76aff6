import { ALL, type Variable } from "../model/variable.ts";
import type { Meaning } from "./interpolate.ts";

export interface Option {
  readonly value: string;
  readonly text: string;
}

/** A variable with its options and the chosen values (only `$__all` if all are chosen). */
export interface VariableState {
  readonly variable: Variable;
  readonly chosen: readonly string[];
  readonly options: readonly Option[];
  readonly isLoading: boolean;
  readonly error: Error | undefined;
}

/** Returns the values in the URL, or the dashboard's default if it is still available, or the first value. */
export function chosenValues(
  variable: Variable,
  inUrl: readonly string[],
  options: readonly Option[] | undefined,
): readonly string[] {
  const { type, multi, includeAll, current } = variable;
  if (type === "constant") return [variable.query];
  const wanted = variable.skipUrl ? [] : inUrl;
  const given = wanted.length > 0 ? wanted : current;
  if (type === "textbox") return [given[0] ?? variable.query];
  const all = given.some((value) => value === ALL || (value === "All" && includeAll));
  if (all && includeAll) return [ALL];
  const some = given.filter((value) => value !== "" && value !== ALL);
  const gone = wanted.length === 0 && !multi && options?.every(({ value }) => value !== some[0]);
  if (gone && options?.[0]) return [options[0].value];
  if (some.length > 0) return multi ? some : some.slice(0, 1);
  if (includeAll) return [ALL];
  return options?.[0] ? [options[0].value] : [];
}

/** Returns the replacement for the variable in a query or a link. */
export function meaningOf({ variable, chosen, options }: VariableState): Meaning | undefined {
  const text = chosen
    .map((value) => options.find((option) => option.value === value)?.text ?? value)
    .join(" + ");
  if (chosen[0] !== ALL) {
    if (!variable.multi && !variable.includeAll) return { values: chosen, raw: true, text };
    return { values: chosen, text };
  }
  if (variable.allValue) return { values: [variable.allValue], raw: true, text: "All" };
  if (options.length === 0) return { values: [".*"], raw: true, text: "All" };
  return { values: options.map(({ value }) => value), text: "All" };
}

/** Returns the URL parameters of the variables: `var-service=a&var-service=b`. */
export const urlValues = (states: readonly VariableState[]): readonly (readonly [string, string])[] =>
  states.flatMap(({ variable, chosen }) =>
    variable.type === "constant" || variable.skipUrl
      ? []
      : chosen.map((value) => [`var-${variable.name}`, value] as const),
  );
