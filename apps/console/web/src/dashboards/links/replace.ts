import type { InterpolateFunction } from "@grafana/data";
import { builtIns, queryContext, type Scope } from "../queries/context.ts";
import { urlRange } from "../time/range.ts";
import { FORMATS } from "../variables/format.ts";
import { interpolate, type Meaning, type Resolve } from "../variables/interpolate.ts";
import { meaningOf, urlValues } from "../variables/values.ts";
import { type DataContext, dataMeaning } from "./data-context.ts";

/** Returns the function that replaces variables in the titles, names and links of Grafana's components. */
export function replacer(scope: Scope): InterpolateFunction {
  const standard = builtIns(scope, queryContext(scope).intervalMs);
  return (text, scopedVars, format) => {
    const context = (scopedVars?.__dataContext as { value?: DataContext } | undefined)?.value ?? {};
    const asked = typeof format === "string" ? format : undefined;
    const resolve: Resolve = (path) =>
      ofLink(path, scope) ?? dataMeaning(path, context) ?? ofScope(path, scope, standard, asked);
    return interpolate(text ?? "", resolve, asked ?? "text");
  };
}

const param = ([name, value]: readonly [string, string]) =>
  `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;

/** Returns the URL parameters for the time range or for all variables. */
function ofLink(path: string, { range, variables }: Scope): Meaning | undefined {
  if (path === "__url_time_range") return Object.entries(urlRange(range)).map(param).join("&");
  if (path === "__all_variables") return urlValues(variables).map(param).join("&");
  return undefined;
}

function ofScope(
  path: string,
  { variables }: Scope,
  standard: Readonly<Record<string, string>>,
  format: string | undefined,
): Meaning | undefined {
  const state = variables.find(({ variable }) => variable.name === path);
  if (!state) return Object.hasOwn(standard, path) ? standard[path] : undefined;
  // In a link "All" stays `$__all`; only queries replace it by a pattern.
  if (format !== undefined && format in FORMATS) return { values: state.chosen, text: textOf(state) };
  return textOf(state);
}

function textOf(state: Scope["variables"][number]): string {
  const meaning = meaningOf(state);
  return typeof meaning === "object" ? (meaning.text ?? meaning.values.join(" + ")) : (meaning ?? "");
}
