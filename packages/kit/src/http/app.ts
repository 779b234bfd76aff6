import type { AllowsOrigin } from "@lgtm-lab/contracts";
import { initHttpRoutes, metricsHandler, observe } from "@lgtm-lab/telemetry/hono";
import { type Handler, Hono, type MiddlewareHandler } from "hono";
import { getPath } from "hono/utils/url";
import type { Lifecycle } from "../lifecycle.ts";
import { Problem, problemResponse, toProblem } from "../problem.ts";
import { allowOrigins } from "./cors.ts";

/** What a service depends on, for its readiness: each dependency's name and whether it answers. */
export type Dependencies = Record<string, boolean>;

export interface HttpAppOptions {
  lifecycle: Lifecycle;
  /** Asks the dependencies; ready needs at least one that answers. Without it a service is ready when it serves. */
  dependencies?: () => Promise<Dependencies>;
  /** Looks at every request before any route does, those of health and metrics included. */
  guard?: MiddlewareHandler;
  /** Decides which origins may read responses (CORS). If omitted, only same-origin pages may. */
  allowsOrigin?: AllowsOrigin;
}

/** The routes that {@link get} has mounted, by their path in lower case. */
const routesOf = new WeakMap<Hono, Map<string, string>>();

/**
 * A Hono app with what every service of the lab has: observation of each request, `GET /healthz` (alive), `GET /readyz`
 * (may be sent traffic), `GET /metrics`, and problem documents for whatever a route throws. Telemetry backends never
 * count towards readiness: a service without them still serves.
 */
export function createHttpApp({ lifecycle, dependencies, guard, allowsOrigin }: HttpAppOptions): Hono {
  const routes = new Map<string, string>();
  const app = new Hono({ getPath: (request) => routePath(getPath(request), routes) });
  routesOf.set(app, routes);
  app.use(observe());
  if (guard) app.use(guard);
  app.get("/healthz", (c) => c.text("ok"));
  app.get("/metrics", metricsHandler());
  app.get("/readyz", async (c) => {
    const checks = dependencies ? await dependencies() : {};
    const answers = Object.values(checks);
    const ready = lifecycle.state === "serving" && (answers.length === 0 || answers.includes(true));
    const state = Object.fromEntries(Object.entries(checks).map(([name, up]) => [name, up ? "up" : "down"]));
    return c.json(
      { status: ready ? "ready" : "not ready", state: lifecycle.state, ...state },
      ready ? 200 : 503,
    );
  });
  for (const path of ["/healthz", "/metrics", "/readyz"]) app.all(path, onlyGet(path));
  // After the routes of machines, which no page needs.
  if (allowsOrigin) app.use(allowOrigins(allowsOrigin));
  app.notFound((c) =>
    problemResponse(new Problem("not-found", `There is no ${c.req.path} here; see docs/services.md.`)),
  );
  // No log line here: observe() writes one for each request, with the error in it.
  app.onError((error) => problemResponse(toProblem(error)));
  return app;
}

/**
 * The path by which a request is routed. As in Express, in which the original lab was written, upper and lower case are the
 * same and one slash may follow. It is the mounted path itself, so that telemetry sees no variant of it.
 */
function routePath(path: string, routes: ReadonlyMap<string, string>): string {
  return routes.get(path) ?? routes.get(path.toLowerCase().replace(/(?<=.)\/$/, "")) ?? path;
}

/**
 * Mounts a route for GET (and HEAD); every other method gets 405 with `Allow` (RFC 9110, section 15.5.6). `streams`: it can
 * answer with events.
 */
export function get(app: Hono, path: string, handler: Handler, { streams = false } = {}): void {
  routesOf.get(app)?.set(path.toLowerCase(), path);
  initHttpRoutes([{ route: path, streams }]);
  app.get(path, handler);
  app.all(path, onlyGet(path));
}

const onlyGet =
  (path: string): Handler =>
  (c) => {
    const problem = new Problem("method-not-allowed", `${c.req.method} is not allowed for ${path}.`);
    return problemResponse(problem, { allow: "GET, HEAD" });
  };
