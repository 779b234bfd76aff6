import { type Faults, withFaults } from "@lgtm-lab/faults";
import {
  createHttpApp,
  type Greet,
  get,
  helloRoute,
  type Lifecycle,
  type NumbersSource,
  numbersRoute,
  type RequestCheck,
  requireShortRequest,
} from "@lgtm-lab/service-runtime";
import type { Handler, Hono } from "hono";
import { checkNumbers } from "./check-numbers.ts";
import { type Env, isResilient } from "./env.ts";
import { gatewayFaults } from "./faults.ts";
import { connectServices, type SwitchableClients } from "./link/connect.ts";
import { defaultRoutes, type Route } from "./routing/table.ts";

/** The parts of a gateway. */
export interface Gateway {
  readonly app: Hono;
  readonly services: SwitchableClients;
  readonly faults: Faults;
  /** Returns the routes that new requests get. */
  routes(): readonly Route[];
  /** Ends the watching of the routes file, and closes the connections to A and B when the running calls are done. */
  close(): void;
}

/** Creates the gateway's routes, and the clients for A and B behind them. Throws if the routes file is invalid. */
export async function createGateway(env: Env, lifecycle: Lifecycle): Promise<Gateway> {
  const services = await connectServices(env);
  let current: readonly Route[] = [];
  const faults = gatewayFaults(services, env, () => current);
  const auth = env.AUTH_ISSUER ? await import("./edge/auth.ts") : undefined;
  const context: RouteContext = {
    env,
    lifecycle,
    greet(params, call) {
      const wait = faults.applyTo(call, "service-a");
      return wait ? wait.then(() => services.greet(params, call)) : services.greet(params, call);
    },
    numbers: checkNumbers(withFaults(faults, services, "service-b")),
    probe: services.probe,
    checkOf: auth?.tokenCheck(env),
    audit: auth?.audit,
  };
  const createApp = async (routes: readonly Route[]) => {
    const app = await createRoutes(routes, context);
    // Only now: if the new routes cannot be created, the current ones keep their caches.
    if (current.some(hasCache)) (await import("./edge/hello-cache.ts")).keepCaches(routes.filter(hasCache));
    current = routes;
    return app;
  };
  const gateway = { services, faults, routes: () => current };
  const closing = new AbortController();
  const close = () => {
    closing.abort();
    services.close();
  };
  if (env.ROUTES_FILE === undefined) return { ...gateway, app: await createApp(defaultRoutes(env)), close };
  const { appFromFile } = await import("./routing/file.ts");
  const signal = AbortSignal.any([closing.signal, lifecycle.shutdownSignal]);
  return { ...gateway, app: await appFromFile(env.ROUTES_FILE, { env, createApp, signal }), close };
}

const hasCache = ({ upstream, cacheMs }: Route): boolean => upstream === "service-a" && cacheMs > 0;

/** What all routes share. */
interface RouteContext extends Pick<SwitchableClients, "probe"> {
  readonly env: Env;
  readonly lifecycle: Lifecycle;
  readonly greet: Greet;
  readonly numbers: NumbersSource;
  /** Returns the check of the access tokens of a route. Undefined: tokens are not checked. */
  readonly checkOf: ((route: Route) => RequestCheck) | undefined;
  /** Writes a decision to the audit log. Undefined: there is none. */
  readonly audit: typeof import("./edge/auth.ts").audit | undefined;
}

/** Creates an app with the given routes. */
async function createRoutes(routes: readonly Route[], context: RouteContext): Promise<Hono> {
  const { env, lifecycle, probe } = context;
  const app = createHttpApp({
    lifecycle,
    dependencies: () => probe(),
    allowsOrigin: env.CORS_ORIGINS,
    guard: requireShortRequest(),
  });
  await useEdge(app, routes, context);
  get(app, "/", (c) => c.redirect(env.CONSOLE_URL));
  for (const route of routes)
    get(app, route.path, await handlerOf(route, context), {
      streams: route.upstream === "service-b",
      methods: route.methods,
    });
  return app;
}

/** Adds what runs before the routes, if it is on (docs/edge.md). Health and metrics are mounted before it. */
async function useEdge(app: Hono, routes: readonly Route[], { env, audit }: RouteContext): Promise<void> {
  if (env.REQUEST_ID === "on") app.use((await import("./edge/headers.ts")).requestId());
  if (env.SECURITY_HEADERS === "on") app.use((await import("./edge/headers.ts")).securityHeaders());
  // With a routes file, limits can also be removed again.
  if (env.RATE_LIMIT > 0 || env.ROUTES_FILE !== undefined)
    app.use((await import("./edge/rate-limit.ts")).rateLimit(routes, env, { audit }));
}

/** Returns the handler of a route. Code of mechanisms that are off is not loaded. */
async function handlerOf(route: Route, context: RouteContext): Promise<Handler> {
  const { env } = context;
  const handler = await forwardingHandler(route, context);
  if (env.HELLO_FALLBACK === "off" && !isResilient(env)) return handler;
  return (await import("./resilience/routes.ts")).decorateRoute(handler, route, env);
}

/** Returns the handler that forwards a request to its service, with a cache if the route has one (docs/edge.md). */
async function forwardingHandler(
  route: Route,
  { lifecycle, greet, numbers, checkOf }: RouteContext,
): Promise<Handler> {
  const { path, upstream, cacheMs: maxAgeMs, timeoutMs, inFlight } = route;
  const options = { check: checkOf?.(route), inFlight, timeoutMs };
  if (upstream === "service-b") return numbersRoute(lifecycle, numbers, options);
  if (maxAgeMs === 0) return helloRoute(lifecycle, greet, options);
  const { cachedHelloRoute } = await import("./edge/hello-cache.ts");
  return cachedHelloRoute(lifecycle, greet, { path, maxAgeMs, ...options });
}
