import { createHttpApp, get, type Lifecycle } from "@lgtm-lab/kit";
import type { Hono } from "hono";
import { every } from "hono/combine";
import type { Inbox } from "./alerts/inbox.ts";
import { alertRoutes } from "./alerts/routes.ts";
import type { Env } from "./env.ts";
import { contentRules } from "./guard/content-rules.ts";
import { knownHost } from "./guard/known-host.ts";
import { dashboardPage } from "./pages/dashboard.ts";
import { expressionPage } from "./pages/expression.ts";
import { homePage } from "./pages/home.ts";
import { runbookIndex, runbookPage } from "./pages/runbooks.ts";
import { STYLE } from "./pages/style.ts";

export interface ConsoleOptions {
  readonly env: Env;
  readonly lifecycle: Lifecycle;
  readonly inbox: Inbox;
}

/** The console's server: the inbox of alerts, and the pages that the links of alerts lead to. */
export function createConsole({ env, lifecycle, inbox }: ConsoleOptions): Hono {
  const app = createHttpApp({ lifecycle, guard: every(contentRules(), knownHost(env)) });
  alertRoutes(app, inbox);
  get(app, "/", homePage(env, inbox));
  get(app, "/style.css", (c) => c.body(STYLE, 200, { "content-type": "text/css; charset=utf-8" }));
  get(app, "/docs/runbooks", runbookIndex());
  get(app, "/docs/runbooks/:name", runbookPage());
  get(app, "/d/:uid", dashboardPage(env));
  // Prometheus makes its generator links of --web.external-url, and has no pages itself when it is built from its module.
  get(app, "/prometheus/graph", expressionPage(env));
  return app;
}
