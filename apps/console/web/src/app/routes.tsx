import type { ComponentType } from "react";
import { createBrowserRouter } from "react-router";
import { NotFound } from "./not-found.tsx";
import { RouteError } from "./route-error.tsx";
import { Shell } from "./shell.tsx";
import { Waiting } from "./waiting.tsx";

/** A view: its code is loaded when somebody goes there, and what breaks in it stays in it. */
const view = (path: string, load: () => Promise<{ default: ComponentType }>) => ({
  path,
  lazy: async () => ({ Component: (await load()).default }),
  ErrorBoundary: RouteError,
});

export const router = createBrowserRouter([
  {
    Component: Shell,
    ErrorBoundary: RouteError,
    HydrateFallback: Waiting,
    children: [
      view("/", () => import("../views/try/index.tsx")),
      view("/dashboards", () => import("../views/dashboards/index.tsx")),
      view("/d/:uid/:slug?", () => import("../views/dashboards/one.tsx")),
      view("/traces/:id?", () => import("../views/traces/index.tsx")),
      view("/logs", () => import("../views/logs/index.tsx")),
      view("/alerts", () => import("../views/alerts/index.tsx")),
      view("/faults", () => import("../views/faults/index.tsx")),
      view("/incident", () => import("../views/incident/index.tsx")),
      { path: "*", Component: NotFound },
    ],
  },
]);
