import { randomBytes } from "node:crypto";
import { createHttpApp, get, type Lifecycle } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import { every } from "hono/combine";
import type { Inbox } from "./alerts/inbox.ts";
import { alertRoutes } from "./alerts/routes.ts";
import { configRoutes } from "./config/routes.ts";
import { dashboardRoutes } from "./dashboards/routes.ts";
import type { Env } from "./env.ts";
import { faultRoutes } from "./faults/routes.ts";
import { gatewayRoutes } from "./gateways/routes.ts";
import { consoleHeaders, noStore, ownHostAndOrigin, requireToken, sameOrigin } from "./guards.ts";
import { accessTokenSource, keyRoutes } from "./issuer/routes.ts";
import { loadRoutes } from "./load/routes.ts";
import { expressionPage, runbookIndex, runbookPage } from "./pages/alert-links.ts";
import { homePage } from "./pages/home.ts";
import { STYLE } from "./pages/layout.ts";
import { type ProxyOptions, proxyRoutes } from "./proxy/routes.ts";
import { tryRoutes } from "./try/routes.ts";
import { upstreamRoutes } from "./upstreams/routes.ts";
import { upstreamsOf } from "./upstreams/upstreams.ts";
import { webRoutes } from "./web/serve.ts";

/** The dependencies of {@link createConsole}. */
export interface ConsoleOptions {
  readonly env: Env;
  readonly lifecycle: Lifecycle;
  readonly inbox: Inbox;
  readonly proxy?: Omit<ProxyOptions, "lifecycle">;
}

/** Creates the console's server: the web application and its API, the alert inbox, and the pages without scripts. */
export function createConsole({ env, lifecycle, inbox, proxy }: ConsoleOptions): Hono {
  const app = createHttpApp({
    lifecycle,
    zeroSeries: false,
    guard: every(consoleHeaders(), ownHostAndOrigin(env)),
  });
  const token = randomBytes(32).toString("base64url");
  const guard = every(sameOrigin(), requireToken(token));
  const upstreams = upstreamsOf(env);
  app.use("/api/*", noStore());
  alertRoutes(app, inbox);
  configRoutes(app, env, token);
  upstreamRoutes(app, Object.values(upstreams));
  dashboardRoutes(app, env);
  proxyRoutes(app, upstreams, { lifecycle, ...proxy });
  tryRoutes(app, upstreams, { lifecycle, guard, token: accessTokenSource(env) });
  keyRoutes(app, env);
  faultRoutes(app, env, guard);
  gatewayRoutes(app, env);
  loadRoutes(app, env);
  const plain = homePage(env, inbox);
  get(app, "/plain", plain);
  get(app, "/style.css", (c) => c.body(STYLE, 200, { "content-type": "text/css; charset=utf-8" }));
  get(app, "/docs/runbooks", runbookIndex());
  get(app, "/docs/runbooks/:name", runbookPage());
  get(app, "/prometheus/graph", expressionPage(env));
  webRoutes(app, env.CONSOLE_DIST, plain);
  return app;
}
