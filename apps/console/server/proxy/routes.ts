import { readQuery } from "@lgtm-lab/contracts";
import { type Lifecycle, onlyMethods, openCall, Problem } from "@lgtm-lab/service-runtime";
import type { Context, Hono } from "hono";
import type { Backend, backendsOf } from "../backends/backends.ts";
import { ALLOWED, type Api, type Endpoint } from "./allowed.ts";
import { requestJson } from "./request-json.ts";

const TIMEOUT_MS = 20_000;

/** Longest query string, in characters; a long PromQL expression has a tenth of it. */
export const MAX_QUERY = 32 * 1024;

/** How requests to backends are made. */
export interface ProxyOptions {
  readonly lifecycle: Lifecycle;
  readonly timeoutMs?: number | undefined;
  readonly maxBytes?: number | undefined;
}

/** `GET /api/<backend>/*`: the read endpoints of the backends that are allowed. */
export function proxyRoutes(
  app: Hono,
  backends: ReturnType<typeof backendsOf>,
  { lifecycle, timeoutMs = TIMEOUT_MS, maxBytes }: ProxyOptions,
): void {
  const mount = (name: string, backend: Backend, api: Api) => {
    const prefix = `/api/${name}/`;
    app.get(`${prefix}*`, async function readBackend(c) {
      const { path, query } = targetOf(c, prefix);
      const endpoint: Endpoint | undefined = api.endpoints.find((each) => each.path.test(path));
      if (!endpoint)
        throw new Problem("not-found", `Unknown endpoint of ${backend.title}. Available: ${listOf(api)}.`);
      const search = searchOf(query, endpoint);
      using call = openCall({ budgetMs: timeoutMs, client: c.req.raw.signal, cutOff: lifecycle.cutOff });
      const body = await requestJson(backend, api.base + path + search, call, maxBytes).catch(
        (error: unknown) => emptyAnswer(error, endpoint) ?? Promise.reject(error),
      );
      return c.body(body, 200, { "content-type": "application/json" });
    });
    onlyMethods(app, `${prefix}*`, ["GET", "HEAD"]);
  };
  for (const name of ["prometheus", "loki", "tempo", "alertmanager"] as const)
    mount(name, backends[name], ALLOWED[name]);
}

/** The path below the prefix and the query as they were sent. Nothing is decoded before it is compared. */
function targetOf(c: Context, prefix: string): { path: string; query: string } {
  const { url } = c.req;
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const mark = url.indexOf("?", start);
  const path = mark < 0 ? url.slice(start) : url.slice(start, mark);
  if (!path.startsWith(prefix)) throw new Problem("not-found", `Unknown path "${path}".`);
  return { path: path.slice(prefix.length), query: mark < 0 ? "" : url.slice(mark + 1) };
}

/** The query for the backend: checked and encoded again, so that the backend gets exactly what was checked here. */
function searchOf(raw: string, { params, repeated = [] }: Endpoint): string {
  if (raw.length > MAX_QUERY)
    throw new Problem("uri-too-long", `A query may have ${MAX_QUERY} characters, not ${raw.length}.`);
  const query = readQuery(raw, { once: params, repeated, others: "refuse" });
  return query.size > 0 ? `?${query}` : "";
}

const emptyAnswer = (error: unknown, { empty }: Endpoint): string | undefined =>
  error instanceof Problem && error.kind === "not-found" ? empty : undefined;

/** The endpoints as text: `query`, `label/<name>/values`, … */
const listOf = ({ endpoints }: Api): string =>
  endpoints
    .map(({ path }) => path.source.replace(/[\^$]|\\(?=\/)/g, "").replace(/\[.*\}/, "<name>"))
    .join(", ");
