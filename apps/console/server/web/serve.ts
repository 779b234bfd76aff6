import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { get } from "@lgtm-lab/service-runtime";
import type { Handler, Hono, MiddlewareHandler } from "hono";

/** The addresses of the views of the web application, whose router selects the view. */
export const VIEWS = [
  "/",
  "/dashboards",
  "/d/:uid",
  "/d/:uid/:slug",
  "/traces",
  "/traces/:id",
  "/logs",
  "/alerts",
  "/faults",
  "/incident",
];

const A_YEAR = "public, max-age=31536000, immutable";
/** Cached but revalidated each time, because a build replaces the file. */
const REVALIDATE = "no-cache";

/**
 * Serves the built web application from `dist`, or the plain page at the address of every view if it is not built. Mount
 * it last. The names of `/assets/*` contain a hash of their content, so that browsers may cache them forever.
 */
export function webRoutes(app: Hono, dist: string, plain: Handler): void {
  const files = serveStatic({ precompressed: true, rewriteRequestPath: (path) => join(dist, path) });
  const index = serveStatic({ precompressed: true, path: join(dist, "index.html") });
  const view: Handler = async (c, next) => {
    const answer = (await index(c, async () => {})) ?? (await plain(c, next));
    if (answer) answer.headers.set("cache-control", REVALIDATE);
    return answer;
  };
  for (const path of VIEWS) get(app, path, view);
  app.get("/assets/*", cacheControl(A_YEAR), files);
  // Not get(): all unknown paths would be counted and logged as this route.
  app.use("/*", cacheControl(REVALIDATE), files);
  app.use("/*", unknownPath(view));
}

/** Answers an unknown path with 404: for a person, with the application, which shows it; for a program, as a problem. */
function unknownPath(view: Handler): MiddlewareHandler {
  return async function unknownPath(c, next) {
    const isNavigation = c.req.method === "GET" && c.req.header("accept")?.includes("text/html");
    if (!isNavigation || /^\/(api|assets)\//.test(c.req.path)) return next();
    const answer = await view(c, next);
    if (answer) return new Response(answer.body, { status: 404, headers: answer.headers });
  };
}

function cacheControl(rule: string): MiddlewareHandler {
  return async function cacheControl(c, next) {
    await next();
    if (c.res.ok) c.header("cache-control", rule);
  };
}
