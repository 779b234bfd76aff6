import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { get } from "@lgtm-lab/service-runtime";
import type { Handler, Hono, MiddlewareHandler } from "hono";

/** The addresses of the application's views; which one it is, its own router sees. */
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
/** Kept, but asked about each time: after a build it is another one. */
const ASKED_ABOUT = "no-cache";

/**
 * Serves the built application from `dist`, or the plain page in the place of every view while there is none. Mount it
 * last. Its parts (`/assets/*`) carry a hash of what is in them in their names, so they are kept for good.
 */
export function webRoutes(app: Hono, dist: string, plain: Handler): void {
  const files = serveStatic({ precompressed: true, rewriteRequestPath: (path) => join(dist, path) });
  const index = serveStatic({ precompressed: true, path: join(dist, "index.html") });
  const view: Handler = async (c, next) => {
    const answer = (await index(c, async () => {})) ?? (await plain(c, next));
    if (answer) answer.headers.set("cache-control", ASKED_ABOUT);
    return answer;
  };
  for (const path of VIEWS) get(app, path, view);
  app.get("/assets/*", kept(A_YEAR), files);
  // Not get(): whatever matches nothing else would be counted and logged as this route.
  app.use("/*", kept(ASKED_ABOUT), files);
  app.use("/*", nowhere(view));
}

/** Somebody who opens an address that leads nowhere is told so by the application; a program, by a problem document. */
function nowhere(view: Handler): MiddlewareHandler {
  return async function nowhere(c, next) {
    const opened = c.req.method === "GET" && c.req.header("accept")?.includes("text/html");
    if (!opened || /^\/(api|assets)\//.test(c.req.path)) return next();
    const answer = await view(c, next);
    if (answer) return new Response(answer.body, { status: 404, headers: answer.headers });
  };
}

function kept(rule: string): MiddlewareHandler {
  return async function kept(c, next) {
    await next();
    if (c.res.ok) c.header("cache-control", rule);
  };
}
