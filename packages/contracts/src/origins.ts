import { z } from "zod";

/** Pages of this machine, whatever port they are served from. */
export const DEFAULT_CORS_ORIGINS = "http://localhost:*,http://127.0.0.1:*,http://[::1]:*";

/** No other origin is allowed. */
const NONE = "none";
const ANY_PORT = /:\*$/;
const PORT = /^:\d{1,5}$/;

const error =
  "a comma-separated list of origins such as http://localhost:5173, or http://localhost:* for any port, or none" +
  " (scheme http or https, no path, and no * in place of a host)";

/** Tells whether pages of an origin (the request header `Origin`) may read answers. */
export type AllowsOrigin = (origin: string) => boolean;

/**
 * The variable `CORS_ORIGINS`: origins separated by commas. A port `*` stands for any port, the scheme's default included.
 * Unset or empty: {@link DEFAULT_CORS_ORIGINS}.
 */
export const corsOrigins = z
  .string()
  .default("")
  .transform((text, context): AllowsOrigin => {
    const exact = new Set<string>();
    const anyPort: string[] = [];
    const entries = (text.trim() || DEFAULT_CORS_ORIGINS).split(",").map((entry) => entry.trim());
    for (const entry of entries) {
      if (entry === NONE && entries.length === 1) continue;
      const origin = originOf(entry.replace(ANY_PORT, ""));
      if (origin === undefined) context.addIssue({ code: "custom", message: error, input: text });
      else if (ANY_PORT.test(entry)) anyPort.push(origin);
      else exact.add(origin);
      if (origin === undefined) break;
    }
    return (origin) =>
      exact.has(origin) ||
      anyPort.some(
        (base) => origin.startsWith(base) && (origin === base || PORT.test(origin.slice(base.length))),
      );
  });

/** As browsers write it in `Origin`: lower case, without the scheme's default port. */
function originOf(entry: string): string | undefined {
  const url = /^https?:\/\/[^/?#@*\s\\]+\/?$/i.test(entry) ? URL.parse(entry) : null;
  return url?.origin;
}
