import { InvalidParamsError } from "@lgtm-lab/contracts";
import type { Context, MiddlewareHandler } from "hono";
import { Problem } from "../problem.ts";

/**
 * Rejects a request whose body is not declared as JSON. A web page cannot send JSON to another origin without a
 * preflight (CORS), which the server rejects.
 */
export function requireJson(): MiddlewareHandler {
  return async function requireJson(c, next) {
    checkContentType(c);
    await next();
  };
}

/**
 * Parses the body of a request. An empty body is `{}`. Throws {@link InvalidParamsError}, and a `Problem` if a body is
 * not declared as JSON. With `anyType` every content type is accepted, for clients such as `curl --data`.
 */
export async function readJsonBody(c: Context, { anyType = false } = {}): Promise<unknown> {
  const text = await c.req.text();
  if (text === "") return {};
  if (!anyType) checkContentType(c);
  return parseJson(text);
}

function checkContentType(c: Context): void {
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type === "application/json") return;
  const got = type === undefined ? "no content type" : `"${type}"`;
  throw new Problem("unsupported-media-type", `The body must be application/json (got ${got}).`);
}

/** Parses JSON. Throws {@link InvalidParamsError} if it is invalid. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidParamsError([{ field: "body", value: text, rule: "must be JSON" }]);
  }
}
