import type { ReactNode } from "react";
import { Link, matchPath, parsePath } from "react-router";
import { VIEWS } from "../../../shared/views.ts";

/** Renders a link from a label or annotation, or nothing if it is not safe. */
export function SafeLink({ href, children }: { href: string | undefined; children: ReactNode }) {
  const safe = safeHref(href, location.origin);
  if (!safe) return null;
  if (isView(safe)) return <Link to={safe}>{children}</Link>;
  return (
    <a href={safe} {...(!safe.startsWith("/") && { rel: "noreferrer" })}>
      {children}
    </a>
  );
}

/**
 * Returns whether a link leads to a view, which the router shows without a page load. Other pages, such as runbooks and
 * expressions, are rendered by the server.
 */
export function isView(href: string): boolean {
  const { pathname = "" } = parsePath(href);
  return VIEWS.some(({ path }) => matchPath(path, pathname));
}

/** Returns the path of the page that shows an expression and its values. */
export const expressionHref = (expression: string): string =>
  `/prometheus/graph?${new URLSearchParams({ "g0.expr": expression })}`;

const BASE = "http://own.invalid";

/**
 * Returns the link if it is http(s) or a path of the console. Rejects other schemes such as `javascript:`, because
 * labels and annotations are untrusted input. Converts a link to the console itself to a path, so that it works on any
 * host.
 */
export function safeHref(text: string | undefined, ownOrigin: string): string | undefined {
  if (!text) return undefined;
  const url = URL.parse(text, BASE);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:") || url.username || url.password)
    return undefined;
  const path = url.pathname + url.search + url.hash;
  if (url.origin === BASE) return text.startsWith("/") ? path : undefined;
  return url.origin === ownOrigin ? path : url.href;
}
