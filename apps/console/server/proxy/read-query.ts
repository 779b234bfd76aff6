import { type InvalidParam, InvalidParamsError } from "@lgtm-lab/contracts";
import { Problem } from "@lgtm-lab/service-runtime";
import type { Endpoint } from "./allowed.ts";

/** Longest query string; a long PromQL expression has a tenth of it. */
export const MAX_QUERY = 32 * 1024;

/**
 * A raw query string, checked against what an endpoint takes and encoded anew: what the backend gets was read here first.
 * Throws {@link InvalidParamsError} for a parameter that is unknown, repeated or badly encoded.
 */
export function readQuery(raw: string, { params, repeated = [] }: Endpoint): URLSearchParams {
  if (raw.length > MAX_QUERY)
    throw new Problem("uri-too-long", `A query may have ${MAX_QUERY} characters, not ${raw.length}.`);
  const read = new URLSearchParams();
  const errors: InvalidParam[] = [];
  for (const pair of raw.split("&")) {
    if (pair === "") continue;
    const [rawField = "", ...rest] = pair.split("=");
    const [field, value] = [decode(rawField), decode(rest.join("="))];
    const wrong = (rule: string) =>
      errors.push({ field: (field ?? rawField).slice(0, 100), value: rest.join("=").slice(0, 100), rule });
    if (field === undefined || value === undefined) wrong("must be percent-encoded UTF-8");
    else if (!params.includes(field) && !repeated.includes(field))
      wrong(`is not one of ${[...params, ...repeated].join(", ") || "none at all"}`);
    else if (read.has(field) && !repeated.includes(field)) wrong("must be given once");
    else read.append(field, value);
  }
  if (errors.length > 0) throw new InvalidParamsError(errors);
  return read;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
