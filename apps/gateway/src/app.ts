import { SERVICES } from "@lgtm-lab/contracts";
import { type Faults, withFaults } from "@lgtm-lab/faults";
import {
  createHttpApp,
  type Greet,
  get,
  helloRoute,
  type Lifecycle,
  numbersRoute,
  requireShortRequest,
} from "@lgtm-lab/service-runtime";
import type { Handler, Hono } from "hono";
import { checkNumbers } from "./check-numbers.ts";
import { type Env, isResilient } from "./env.ts";
import { gatewayFaults } from "./faults.ts";
import { connectServices, type SwitchableClients } from "./link/connect.ts";
import type { RouteHandlers } from "./resilience/routes.ts";

/** The parts of a gateway. */
export interface Gateway {
  readonly app: Hono;
  readonly services: SwitchableClients;
  readonly faults: Faults;
}

/** Creates the gateway's routes, and the clients for A and B behind them. */
export async function createGateway(env: Env, lifecycle: Lifecycle): Promise<Gateway> {
  const services = await connectServices(env);
  const faults = gatewayFaults(services);
  const app = createHttpApp({
    lifecycle,
    dependencies: () => services.probe(),
    allowsOrigin: env.CORS_ORIGINS,
    guard: requireShortRequest(),
  });
  await useEdge(app, env);
  get(app, "/", (c) => c.redirect(env.CONSOLE_URL));
  const greet: Greet = (params, call) => {
    const wait = faults.applyTo(call, "service-a");
    return wait ? wait.then(() => services.greet(params, call)) : services.greet(params, call);
  };
  const decoratedRoutes = await decorated(env, {
    hello: await helloHandler(env, lifecycle, greet),
    numbers: numbersRoute(lifecycle, checkNumbers(withFaults(faults, services, "service-b"))),
  });
  const { hello, numbers } = await authenticated(env, decoratedRoutes);
  get(app, SERVICES["service-a"].route, hello);
  get(app, SERVICES["service-b"].route, numbers, { streams: true });
  return { app, services, faults };
}

/** Returns the handler of `/a/hello`, with a cache if it is on (docs/edge.md). */
async function helloHandler(env: Env, lifecycle: Lifecycle, greet: Greet): Promise<Handler> {
  if (env.HELLO_CACHE_MS === 0) return helloRoute(lifecycle, greet);
  const { cachedHelloRoute } = await import("./edge/hello-cache.ts");
  return cachedHelloRoute(lifecycle, greet, env.HELLO_CACHE_MS);
}

/** Adds what runs before the routes, if it is on (docs/edge.md). Health and metrics are mounted before it. */
async function useEdge(app: Hono, env: Env): Promise<void> {
  if (env.REQUEST_ID === "on") app.use((await import("./edge/headers.ts")).requestId());
  if (env.SECURITY_HEADERS === "on") app.use((await import("./edge/headers.ts")).securityHeaders());
  if (env.RATE_LIMIT > 0) app.use((await import("./edge/rate-limit.ts")).rateLimit(env));
}

/** Adds the mechanisms that need the request of a route, if one is on; they are loaded only then. */
async function decorated(env: Env, handlers: RouteHandlers): Promise<RouteHandlers> {
  if (env.HELLO_FALLBACK === "off" && !isResilient(env)) return handlers;
  const { decorateRoutes } = await import("./resilience/routes.ts");
  return decorateRoutes(handlers, env);
}

/** Adds the check of access tokens before everything else that a route does, if it is on; it is loaded only then. */
async function authenticated(env: Env, handlers: RouteHandlers): Promise<RouteHandlers> {
  if (!env.AUTH_ISSUER) return handlers;
  const { protectRoutes } = await import("./edge/auth.ts");
  return protectRoutes(handlers, env);
}
