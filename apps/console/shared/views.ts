/**
 * The views of the console, in the order of the navigation. The server serves the page at these paths, and the page's
 * router shows the view. `?` marks an optional segment. A view without a name is not in the navigation.
 */
export const VIEWS = [
  { path: "/", name: "Try it" },
  { path: "/dashboards", name: "Dashboards" },
  { path: "/d/:uid/:slug?" },
  { path: "/traces/:id?", name: "Traces" },
  { path: "/logs", name: "Logs" },
  { path: "/gateway", name: "Gateway" },
  { path: "/alerts", name: "Alerts" },
  { path: "/faults", name: "Faults" },
  { path: "/load", name: "Load" },
  { path: "/incident", name: "Guided incident" },
] as const satisfies readonly { readonly path: string; readonly name?: string }[];

export type ViewPath = (typeof VIEWS)[number]["path"];

/** The links of the navigation: path and name. */
export const NAVIGATION = VIEWS.flatMap((view) =>
  "name" in view ? [{ path: view.path.replace(/\/:.*/, ""), name: view.name }] : [],
);
