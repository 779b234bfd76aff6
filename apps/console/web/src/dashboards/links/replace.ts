import type { InterpolateFunction } from "@grafana/data";
import { builtIns, queryContext, type Scope } from "../queries/context.ts";
import { urlRange } from "../time/range.ts";
import { FORMATS } from "../variables/format.ts";
import { interpolate, type Meaning, type Resolve } from "../variables/interpolate.ts";
import { meaningOf, urlValues } from "../variables/values.ts";
import { type DataContext, dataMeaning } from "./data-context.ts";

/** Replaces variables for Grafana's components: in titles, names and links, with the value that was pointed at. */
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

/** The parts of a URL that carry the time and the variables on. */
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
  // A link carries "all" on as such, not as what it stands for in a query.
  if (format !== undefined && format in FORMATS) return { values: state.chosen, text: textOf(state) };
  return textOf(state);
}

function textOf(state: Scope["variables"][number]): string {
  const meaning = meaningOf(state);
  return typeof meaning === "object" ? (meaning.text ?? meaning.values.join(" + ")) : (meaning ?? "");
}
