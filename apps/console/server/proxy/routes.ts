import { type Lifecycle, openCall, Problem } from "@lgtm-lab/service-runtime";
import type { Context, Hono } from "hono";
import type { Backend, backendsOf } from "../backends/backends.ts";
import { onlyMethods } from "../guard/methods.ts";
import { ALLOWED, type Api, type Endpoint } from "./allowed.ts";
import { askBackend } from "./ask.ts";
import { readQuery } from "./read-query.ts";

const TIMEOUT_MS = 20_000;

export interface ProxyOptions {
  readonly lifecycle: Lifecycle;
  readonly timeoutMs?: number | undefined;
  readonly maxBytes?: number | undefined;
}

/** `GET /api/<backend>/*`: what the backends have to tell, as far as the list allows. */
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
      if (!endpoint) throw new Problem("not-found", `Of ${backend.title} there is ${listOf(api)} here.`);
      const params = readQuery(query, endpoint);
      const search = params.size > 0 ? `?${params}` : "";
      using call = openCall({ budgetMs: timeoutMs, client: c.req.raw.signal, cutOff: lifecycle.cutOff });
      const body = await askBackend(backend, api.base + path + search, call, maxBytes).catch(
        (error: unknown) => absentOf(error, endpoint) ?? Promise.reject(error),
      );
      return c.body(body, 200, { "content-type": "application/json" });
    });
    onlyMethods(app, `${prefix}*`, "GET, HEAD");
  };
  for (const name of ["prometheus", "loki", "tempo", "alertmanager"] as const)
    mount(name, backends[name], ALLOWED[name]);
}

/** The path below the prefix and the query, both as they were sent: nothing is decoded before it was compared. */
function targetOf(c: Context, prefix: string): { path: string; query: string } {
  const { url } = c.req;
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const mark = url.indexOf("?", start);
  const path = mark < 0 ? url.slice(start) : url.slice(start, mark);
  if (!path.startsWith(prefix)) throw new Problem("not-found", `There is no ${path} here.`);
  return { path: path.slice(prefix.length), query: mark < 0 ? "" : url.slice(mark + 1) };
}

const absentOf = (error: unknown, { absent }: Endpoint): string | undefined =>
  error instanceof Problem && error.kind === "not-found" ? absent : undefined;

/** The endpoints in words: `query`, `label/<name>/values`, … */
const listOf = ({ endpoints }: Api): string =>
  endpoints
    .map(({ path }) => path.source.replace(/[\^$]|\\(?=\/)/g, "").replace(/\[.*\}/, "<name>"))
    .join(", ");
