import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { get } from "@lgtm-lab/service-runtime";
import type { Handler, Hono, MiddlewareHandler } from "hono";
import { VIEWS } from "../../shared/views.ts";

/**
 * The paths at which index.html is served. An optional segment makes two paths, because the path of a route is the value
 * of `http_route` in metrics.
 */
export const PAGE_PATHS: readonly string[] = VIEWS.flatMap(({ path }) =>
  path.endsWith("?") ? [path.replace(/\/:\w+\?$/, ""), path.slice(0, -1)] : [path],
);

const A_YEAR = "public, max-age=31536000, immutable";
/** Revalidated each time, because a build replaces the file. */
const REVALIDATE = "no-cache";

/**
 * Serves the built web application from `dist`. If it is not built, serves the plain page at the path of every view.
 * Must be mounted last. Names of files in `/assets/` contain a content hash, so browsers may cache them forever.
 */
export function webRoutes(app: Hono, dist: string, plain: Handler): void {
  const files = serveStatic({ precompressed: true, rewriteRequestPath: (path) => join(dist, path) });
  const index = serveStatic({ precompressed: true, path: join(dist, "index.html") });
  const view: Handler = async (c, next) => {
    const response = (await index(c, async () => {})) ?? (await plain(c, next));
    if (response) response.headers.set("cache-control", REVALIDATE);
    return response;
  };
  for (const path of PAGE_PATHS) get(app, path, view);
  app.get("/assets/*", cacheControl(A_YEAR), files);
  // Not get(), which would count and log all unknown paths as this route.
  app.use("/*", cacheControl(REVALIDATE), files);
  app.use("/*", unknownPath(view));
}

/** Responds to unknown paths with 404: browsers get the application's error page, programs a problem document. */
function unknownPath(view: Handler): MiddlewareHandler {
  return async function unknownPath(c, next) {
    const isNavigation = c.req.method === "GET" && c.req.header("accept")?.includes("text/html");
    if (!isNavigation || /^\/(api|assets)\//.test(c.req.path)) return next();
    const response = await view(c, next);
    if (response) return new Response(response.body, { status: 404, headers: response.headers });
  };
}

function cacheControl(rule: string): MiddlewareHandler {
  return async function cacheControl(c, next) {
    await next();
    if (c.res.ok) c.header("cache-control", rule);
  };
}
