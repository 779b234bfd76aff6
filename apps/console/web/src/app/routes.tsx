import type { ComponentType } from "react";
import { createBrowserRouter, isRouteErrorResponse, Link, useLocation, useRouteError } from "react-router";
import { useTitle } from "./hooks.ts";
import { Shell } from "./shell.tsx";

/** Placeholder until the first view is loaded. */
const Waiting = () => (
  <p className="page muted" role="status">
    Loading…
  </p>
);

/** Shows the page for an unknown path. */
function NotFound() {
  const { pathname } = useLocation();
  useTitle("Not found");
  return (
    <section className="page problem-page">
      <h1>Page not found</h1>
      <p>
        The console has no page <code>{pathname}</code>.
      </p>
      <Link className="button primary" to="/">
        Try a request instead
      </Link>
    </section>
  );
}

/** Replaces a view that threw an error. */
function RouteError() {
  const error = useRouteError();
  if (isRouteErrorResponse(error) && error.status === 404) return <NotFound />;
  const stale = error instanceof TypeError && /import|module/i.test(error.message);
  return (
    <section className="page problem-page" role="alert">
      <h1>{stale ? "This view could not be loaded" : "This view failed"}</h1>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      <p className="muted">
        {stale
          ? "The console was updated or is not running. Reload the page."
          : "The other views still work."}
      </p>
      <button type="button" className="button primary" onClick={() => location.reload()}>
        Reload the page
      </button>
    </section>
  );
}

/** Creates the route of a view. Loads its code on demand and contains its errors, so that other views still work. */
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
      view("/load", () => import("../views/load/index.tsx")),
      view("/incident", () => import("../views/incident/index.tsx")),
      { path: "*", Component: NotFound },
    ],
  },
]);
