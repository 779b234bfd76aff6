/** Paths that the console's router handles without a page load. */
const VIEWS = /^\/(?:$|d\/|dashboards$|traces(?:\/|$)|logs$|alerts$|faults$|incident$)/;

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** The default ports of the console and of Grafana, which links in a dashboard may contain. */
const OURS = new Set(["8000", "3000"]);

/**
 * Converts a link of a dashboard for the console: a link to Grafana's Explore leads to the view with the same content.
 * `/d/…` and addresses of other servers are not changed. Returns undefined for unsafe links such as `javascript:`.
 */
export function consoleUrl(href: string, origin: string): string | undefined {
  let url: URL;
  try {
    url = new URL(href.trim(), origin);
  } catch {
    return undefined;
  }
  if (url.protocol === "mailto:") return url.href;
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  const ours = url.origin === origin || (LOOPBACK.has(url.hostname) && OURS.has(url.port));
  if (!ours) return url.href;
  url.pathname = url.pathname.replace(/^(\/d\/[^/]+)\/[^/]*$/, "$1"); // removes the title that Grafana appends
  const explored = url.pathname.endsWith("/explore") ? explore(url.searchParams) : undefined;
  return explored ?? `${url.pathname}${url.search}${url.hash}`;
}

/** Returns whether the console's router handles this URL without a page load. */
export const isView = (url: string): boolean => VIEWS.test(url.split(/[?#]/)[0] ?? "");

interface Pane {
  readonly datasource?: unknown;
  readonly queries?: readonly {
    readonly query?: unknown;
    readonly expr?: unknown;
    readonly datasource?: { type?: unknown };
  }[];
  readonly range?: { readonly from?: unknown; readonly to?: unknown };
}

function explore(params: URLSearchParams): string | undefined {
  const pane = paneOf(params);
  const query = pane?.queries?.[0];
  if (!pane || !query) return undefined;
  const { from, to } = pane.range ?? {};
  const time = typeof from === "string" && typeof to === "string" ? { from, to } : {};
  if (typeof query.expr === "string" && query.expr !== "")
    return withQuery("/logs", { query: query.expr, ...time });
  const trace = typeof query.query === "string" ? query.query : "";
  if (/^[0-9a-f]{8,32}$/i.test(trace)) return `/traces/${trace}`;
  return trace ? withQuery("/traces", { q: trace, ...time }) : undefined;
}

function paneOf(params: URLSearchParams): Pane | undefined {
  try {
    const panes = params.get("panes");
    if (panes) return Object.values(JSON.parse(panes) as Record<string, Pane>)[0];
    const left = params.get("left");
    return left ? (JSON.parse(left) as Pane) : undefined;
  } catch {
    return undefined;
  }
}

const withQuery = (path: string, params: Readonly<Record<string, string>>) =>
  `${path}?${new URLSearchParams(params)}`;
