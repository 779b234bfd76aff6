/** Paths without spans, metrics and access log lines, because machines request them every second. */
const excludedPaths = new Set(["/healthz", "/readyz", "/metrics"]);

/** Paths that {@link excludePath} excludes together with the paths below them, each with a slash at its end. */
const excludedPrefixes: string[] = [];

/**
 * Excludes a path (`/jobs`, without a slash at its end) and the paths below it from spans, metrics and access log lines.
 */
export function excludePath(path: string): void {
  if (excludedPaths.has(path)) return;
  excludedPaths.add(path);
  excludedPrefixes.push(`${path}/`);
}

/** A path segment `..`, also percent-encoded. Servers resolve it, and then serve another route. */
const PARENT_SEGMENT = /\/(?:\.|%2e){2}(?:\/|$)/i;

/** Returns whether a request target (`/path?query`) is a probe, a scrape, or an excluded path. */
export function isExcluded(target: string | undefined): boolean {
  if (target === undefined) return false;
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  if (excludedPaths.has(path)) return true;
  return excludedPrefixes.some((prefix) => path.startsWith(prefix)) && !PARENT_SEGMENT.test(path);
}
