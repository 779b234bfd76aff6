import * as v from "valibot";

/** Pages served from any port of this machine. */
const DEFAULT_CORS_ORIGINS = "http://localhost:*,http://127.0.0.1:*,http://[::1]:*";

/** The list that allows no other origin. */
const NONE = "none";
const ANY_PORT = /:\*$/;
const PORT = /^:\d{1,5}$/;

const error =
  "a comma-separated list of origins such as http://localhost:5173, or http://localhost:* for any port, or none" +
  " (scheme http or https, no path, and no * in place of a host)";

/** Whether pages of an origin (the request header `Origin`) may read responses. */
export type AllowsOrigin = (origin: string) => boolean;

/**
 * Parses the variable `CORS_ORIGINS`: origins separated by commas. The port `*` means any port, including the default
 * of the scheme. If the variable is unset or empty, it is {@link DEFAULT_CORS_ORIGINS}.
 */
export const corsOrigins = v.optional(
  v.pipe(
    v.string(),
    v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }): AllowsOrigin => {
      const exact = new Set<string>();
      const anyPort: string[] = [];
      const entries = (text.trim() || DEFAULT_CORS_ORIGINS).split(",").map((entry) => entry.trim());
      for (const entry of entries) {
        if (entry === NONE && entries.length === 1) continue;
        const origin = originOf(entry.replace(ANY_PORT, ""));
        if (origin === undefined) {
          addIssue({ message: error });
          return NEVER;
        }
        if (ANY_PORT.test(entry)) anyPort.push(origin);
        else exact.add(origin);
      }
      return (origin) =>
        exact.has(origin) ||
        anyPort.some(
          (base) => origin.startsWith(base) && (origin === base || PORT.test(origin.slice(base.length))),
        );
    }),
  ),
  "",
);

/** Converts an origin to the form that browsers send: lower case, without the default port of the scheme. */
function originOf(entry: string): string | undefined {
  const url = /^https?:\/\/[^/?#@*\s\\]+\/?$/i.test(entry) ? URL.parse(entry) : null;
  return url?.origin;
}
