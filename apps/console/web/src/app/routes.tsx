import type { ComponentType } from "react";
import { createBrowserRouter, isRouteErrorResponse, Link, useLocation, useRouteError } from "react-router";
import { VIEWS, type ViewPath } from "../../../shared/views.ts";
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

type Load = () => Promise<{ default: ComponentType }>;

/** Loads the code of a view on demand. */
const LOAD: Readonly<Record<ViewPath, Load>> = {
  "/": () => import("../views/try/index.tsx"),
  "/dashboards": () => import("../views/dashboards/index.tsx"),
  "/d/:uid/:slug?": () => import("../views/dashboards/one.tsx"),
  "/traces/:id?": () => import("../views/traces/index.tsx"),
  "/logs": () => import("../views/logs/index.tsx"),
  "/gateway": () => import("../views/gateway/index.tsx"),
  "/alerts": () => import("../views/alerts/index.tsx"),
  "/faults": () => import("../views/faults/index.tsx"),
  "/load": () => import("../views/load/index.tsx"),
  "/incident": () => import("../views/incident/index.tsx"),
};

/** The route of each view. It contains the errors of its view, so that other views still work. */
const routes = VIEWS.map(({ path }) => ({
  path,
  lazy: async () => ({ Component: (await LOAD[path]()).default }),
  ErrorBoundary: RouteError,
}));

export const router = createBrowserRouter([
  {
    Component: Shell,
    ErrorBoundary: RouteError,
    HydrateFallback: Waiting,
    children: [...routes, { path: "*", Component: NotFound }],
  },
]);
