import { rawQuery, readQuery } from "@lgtm-lab/contracts";
import { type Lifecycle, onlyMethods, openCall, Problem } from "@lgtm-lab/service-runtime";
import type { Context, Hono } from "hono";
import type { Upstream, upstreamsOf } from "../upstreams/upstreams.ts";
import { ALLOWED, type Api, type Endpoint } from "./allowed.ts";
import { requestJson } from "./request-json.ts";

const TIMEOUT_MS = 20_000;

/** Maximum length of a query string: about ten long PromQL expressions. */
export const MAX_QUERY_LENGTH = 32 * 1024;

/** Options for requests to backends. */
export interface ProxyOptions {
  readonly lifecycle: Lifecycle;
  readonly timeoutMs?: number | undefined;
  readonly maxBytes?: number | undefined;
}

/** `GET /api/<backend>/*`: forwards requests to the allowed endpoints of the backends. */
export function proxyRoutes(
  app: Hono,
  upstreams: ReturnType<typeof upstreamsOf>,
  { lifecycle, timeoutMs = TIMEOUT_MS, maxBytes }: ProxyOptions,
): void {
  const mount = (name: string, backend: Upstream, api: Api) => {
    const prefix = `/api/${name}/`;
    app.get(`${prefix}*`, async function readBackend(c) {
      const { path, query } = targetOf(c, prefix);
      const endpoint: Endpoint | undefined = api.endpoints.find((each) => each.path.test(path));
      if (!endpoint)
        throw new Problem("not-found", `Unknown endpoint of ${backend.title}. Available: ${listOf(api)}.`);
      const search = searchOf(query, endpoint);
      using call = openCall({
        budgetMs: timeoutMs,
        client: c.req.raw.signal,
        shutdownSignal: lifecycle.shutdownSignal,
      });
      const body = await requestJson(backend, api.base + path + search, call, maxBytes).catch(
        (error: unknown) => emptyResponse(error, endpoint) ?? Promise.reject(error),
      );
      return c.body(body, 200, { "content-type": "application/json" });
    });
    onlyMethods(app, `${prefix}*`, ["GET", "HEAD"]);
  };
  for (const name of ["prometheus", "loki", "tempo", "alertmanager"] as const)
    mount(name, upstreams[name], ALLOWED[name]);
}

/** Returns the path below the prefix and the query as sent. They are not decoded before they are checked. */
function targetOf(c: Context, prefix: string): { path: string; query: string } {
  const { url } = c.req;
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const [path = ""] = url.slice(start).split("?", 1);
  if (!path.startsWith(prefix)) throw new Problem("not-found", `Unknown path "${path}".`);
  return { path: path.slice(prefix.length), query: rawQuery(url) };
}

/** Checks the query and encodes it again, so that the backend receives exactly the checked parameters. */
function searchOf(raw: string, { params, repeated = [] }: Endpoint): string {
  if (raw.length > MAX_QUERY_LENGTH)
    throw new Problem(
      "uri-too-long",
      `A query may have at most ${MAX_QUERY_LENGTH} characters; this one has ${raw.length}.`,
    );
  const query = readQuery(raw, { once: params, repeated, others: "reject" });
  return query.size > 0 ? `?${query}` : "";
}

const emptyResponse = (error: unknown, { empty }: Endpoint): string | undefined =>
  error instanceof Problem && error.kind === "not-found" ? empty : undefined;

/** Formats the endpoints as a list: `query`, `label/…/values`, `traces/…`. */
const listOf = ({ endpoints }: Api): string =>
  endpoints.map(({ path }) => path.source.replace(/[\^$]|\\(?=\/)/g, "").replace(/\[.*\}/, "…")).join(", ");
