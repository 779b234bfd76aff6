import type { ReactNode } from "react";
import { Link } from "react-router";

/** Paths of views, which open without reloading the page. The server renders other paths: runbooks, expressions. */
const VIEWS = /^\/(d\/|traces|logs|alerts|faults)/;

/** A link from a label or annotation. Nothing if it is not safe. */
export function SafeLink({ href, children }: { href: string | undefined; children: ReactNode }) {
  const safe = safeHref(href, location.origin);
  if (!safe) return null;
  if (VIEWS.test(safe)) return <Link to={safe}>{children}</Link>;
  return (
    <a href={safe} {...(!safe.startsWith("/") && { rel: "noreferrer" })}>
      {children}
    </a>
  );
}

/** The page that shows an expression and its values. */
export const expressionHref = (expression: string): string =>
  `/prometheus/graph?${new URLSearchParams({ "g0.expr": expression })}`;

const PLACE = "http://own.invalid";

/**
 * A safe link: http(s), or a path of the console. Anyone can write labels and annotations, so `javascript:` and other
 * schemes are refused. A link to the console's own address becomes a path, so that it works at any address.
 */
export function safeHref(text: string | undefined, ownOrigin: string): string | undefined {
  if (!text) return undefined;
  const url = URL.parse(text, PLACE);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:") || url.username || url.password)
    return undefined;
  const path = url.pathname + url.search + url.hash;
  if (url.origin === PLACE) return text.startsWith("/") ? path : undefined;
  return url.origin === ownOrigin ? path : url.href;
}
