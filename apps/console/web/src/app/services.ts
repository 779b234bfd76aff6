import type { CSSProperties } from "react";

/** The services of the lab, in the order in which a request meets them. */
export const SERVICES = ["gateway", "gateway-rest", "service-a", "service-b"] as const;

/**
 * The colour of a service: the same everywhere. As CSS (`var(--service-gateway)`), so it follows the theme. A service
 * that is not ours has one of six others, always the same for the same name.
 */
export function serviceColour(name: string): string {
  if ((SERVICES as readonly string[]).includes(name)) return `var(--service-${name.replace("service-", "")})`;
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return `var(--service-other-${(hash % 6) + 1})`;
}

/** Sets the CSS variable `--service`, which style sheets use for the colour of a service. */
export const serviceStyle = (name: string): CSSProperties => ({ "--service": serviceColour(name) });
