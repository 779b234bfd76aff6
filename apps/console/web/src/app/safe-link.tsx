import type { ReactNode } from "react";
import { Link } from "react-router";

/** Views of the console: they open without loading the page anew. Other own paths (runbooks, expressions) are the server's. */
const VIEWS = /^\/(d\/|traces|logs|alerts|faults)/;

/** A link that somebody else wrote, or nothing if it cannot be followed. */
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

/** Where an expression and its values are shown. */
export const expressionHref = (expression: string): string =>
  `/prometheus/graph?${new URLSearchParams({ "g0.expr": expression })}`;

const PLACE = "http://own.invalid";

/**
 * A link that may be followed: http(s), or a path of the console's own. Labels and annotations are whatever a sender wrote,
 * so `javascript:` and the like give nothing. A link to the console by its own address becomes a path of wherever it is.
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
