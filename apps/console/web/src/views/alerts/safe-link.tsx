import type { ReactNode } from "react";
import { Link } from "react-router";
import { safeHref } from "./safe-href.ts";

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
