/** Paths without spans, metrics and access log lines, because machines request them every second. */
const UNTRACED = new Set(["/healthz", "/readyz", "/metrics"]);

/** The path of the fault admin port. Setting a fault must not appear in the traces that it affects. */
const ADMIN = /^\/faults(\/|$)/;

/** Returns whether a request target (`/path?query`) is a probe, a scrape, or for the fault admin port. */
export function isUntraced(target: string | undefined): boolean {
  if (target === undefined) return false;
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  return UNTRACED.has(path) || ADMIN.test(path);
}
