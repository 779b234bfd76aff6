import type { AllowsOrigin } from "@lgtm-lab/contracts";
import { OverloadedError } from "@lgtm-lab/resilience";
import { addSpanEvent, setSpanAttribute } from "@lgtm-lab/telemetry";
import { countShed, initHttpRoutes, metricsHandler, observe } from "@lgtm-lab/telemetry/hono";
import { type Handler, Hono, type MiddlewareHandler } from "hono";
import { getPath } from "hono/utils/url";
import type { Lifecycle } from "../lifecycle.ts";
import { Problem, problemResponse, toProblem } from "../problem.ts";
import { allowOrigins } from "./cors.ts";

/** The dependencies of a service by name, and whether each is ready. */
export type Dependencies = Record<string, boolean>;

/** The options of a service's HTTP app. */
export interface HttpAppOptions {
  lifecycle: Lifecycle;
  /** Checks the dependencies. The service is ready if at least one of them is, or if it has none. */
  dependencies?: () => Promise<Dependencies>;
  /** Runs before all routes, including health and metrics. */
  guard?: MiddlewareHandler;
  /** Decides which origins may read responses (CORS). Without it only pages of the same origin may. */
  allowsOrigin?: AllowsOrigin;
  /**
   * Whether the series of each route exist from the start, at 0 for each usual status. Objectives need this, but these
   * are 120 series for each route. Default: true.
   */
  zeroSeries?: boolean;
}

/** What {@link get} needs to know about an app. */
interface Mounted {
  /** The mounted routes, by path in lower case. */
  readonly routes: Map<string, string>;
  readonly zeroSeries: boolean;
}

const mountedIn = new WeakMap<Hono, Mounted>();

/**
 * Creates a Hono app with the parts that all services share: telemetry of each request, `GET /healthz` (alive),
 * `GET /readyz` (ready for traffic), `GET /metrics`, and problem documents for errors. Readiness does not depend on
 * telemetry backends, because a service works without them.
 */
export function createHttpApp(options: HttpAppOptions): Hono {
  const { lifecycle, dependencies, guard, allowsOrigin, zeroSeries = true } = options;
  const routes = new Map<string, string>();
  const app = new Hono({ getPath: (request) => routePath(getPath(request), routes) });
  mountedIn.set(app, { routes, zeroSeries });
  app.use(observe());
  if (guard) app.use(guard);
  app.get("/healthz", (c) => c.text("ok"));
  app.get("/metrics", metricsHandler());
  app.get("/readyz", async (c) => {
    const checks = dependencies ? await dependencies() : {};
    const results = Object.values(checks);
    const ready = lifecycle.state === "serving" && (results.length === 0 || results.includes(true));
    const state = Object.fromEntries(Object.entries(checks).map(([name, up]) => [name, up ? "up" : "down"]));
    return c.json(
      { status: ready ? "ready" : "not ready", state: lifecycle.state, ...state },
      ready ? 200 : 503,
    );
  });
  for (const path of ["/healthz", "/metrics", "/readyz"]) onlyMethods(app, path, ["GET", "HEAD"]);
  // After health and metrics, which web pages must not read.
  if (allowsOrigin) app.use(allowOrigins(allowsOrigin));
  app.notFound((c) =>
    problemResponse(
      new Problem("not-found", `Unknown path "${c.req.path}". See docs/services.md for the routes.`),
    ),
  );
  // No log line here: observe() logs each request with its error.
  app.onError((error, c) => {
    if (error instanceof OverloadedError) {
      countShed(c);
      setSpanAttribute("lab.shed", true);
      addSpanEvent("request.shed", { reason: error.reason });
    }
    return problemResponse(toProblem(error));
  });
  return app;
}

/**
 * Maps the path of a request to a mounted route. As in Express, which the original lab used, case is ignored and one
 * trailing slash is allowed. Telemetry sees only the mounted path.
 */
function routePath(path: string, routes: ReadonlyMap<string, string>): string {
  return routes.get(path) ?? routes.get(path.toLowerCase().replace(/(?<=.)\/$/, "")) ?? path;
}

/** The options of {@link get}. */
export interface GetOptions {
  /** Whether the route can respond with an event stream. */
  readonly streams?: boolean;
  /** Default: GET and HEAD. */
  readonly methods?: readonly ("GET" | "HEAD")[];
}

/** Mounts a route for GET and HEAD, or for one of them. */
export function get(
  app: Hono,
  path: string,
  handler: Handler,
  { streams = false, methods = ["GET", "HEAD"] }: GetOptions = {},
): void {
  const mounted = mountedIn.get(app);
  mounted?.routes.set(path.toLowerCase(), path);
  if (mounted?.zeroSeries !== false) initHttpRoutes([{ route: path, streams }]);
  const other = (["GET", "HEAD"] as const).find((method) => !methods.includes(method));
  // Hono calls the handlers of GET for HEAD too.
  if (other) app.get(path, (c, next) => (c.req.method === other ? next() : handler(c, next)));
  else app.get(path, handler);
  onlyMethods(app, path, methods);
}

/**
 * Answers all other methods of a path with 405 and `Allow`. Mount it after the routes of the path. Unlike Hono's
 * middleware `method-not-allowed`, it is a route, so that telemetry has the path of such a request, and other requests
 * do not pass through it.
 */
export function onlyMethods(app: Hono, path: string, methods: readonly string[]): void {
  const allow = methods.join(", ");
  app.all(path, (c) => {
    const detail = `${c.req.method} is not allowed for ${path}. Allowed: ${allow}.`;
    return problemResponse(new Problem("method-not-allowed", detail), { allow });
  });
}
