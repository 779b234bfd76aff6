import type { Link } from "../model/link.ts";
import type { Scope } from "../queries/context.ts";
import { urlRange } from "../time/range.ts";
import { urlValues } from "../variables/values.ts";
import { consoleUrl } from "./url.ts";

/** Returns the URL of a link of a dashboard or panel, with the time range and variables if it includes them. */
export function linkUrl(
  { url, includeVars, keepTime }: Pick<Link, "url" | "includeVars" | "keepTime">,
  replace: (text: string) => string,
  scope: Scope,
): string | undefined {
  const target = consoleUrl(replace(url), location.origin);
  if (target === undefined || (!includeVars && !keepTime)) return target;
  const params = new URLSearchParams();
  if (keepTime) for (const [name, value] of Object.entries(urlRange(scope.range))) params.set(name, value);
  if (includeVars) for (const [name, value] of urlValues(scope.variables)) params.append(name, value);
  const [path = "", search] = target.split("?");
  return params.size === 0 ? target : `${path}?${search ? `${search}&` : ""}${params}`;
}
