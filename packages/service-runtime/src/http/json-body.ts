import { InvalidParamsError } from "@lgtm-lab/contracts";
import type { Context, MiddlewareHandler } from "hono";
import { Problem } from "../problem.ts";

/**
 * Refuses a request whose body is not declared as JSON. A web page cannot send JSON to another origin without a preflight
 * (CORS), which the server refuses.
 */
export function requireJson(): MiddlewareHandler {
  return async function requireJson(c, next) {
    const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== "application/json") {
      const got = type === undefined ? "no content type" : `"${type}"`;
      throw new Problem("unsupported-media-type", `The body must be application/json (got ${got}).`);
    }
    await next();
  };
}

/** Parses the body of a request, whatever its content type. An empty body is `{}`. Throws {@link InvalidParamsError}. */
export async function readJsonBody(c: Context): Promise<unknown> {
  const text = await c.req.text();
  return text === "" ? {} : parseJson(text);
}

/** Parses JSON. Throws {@link InvalidParamsError} if it is invalid. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidParamsError([{ field: "body", value: text, rule: "must be JSON" }]);
  }
}
