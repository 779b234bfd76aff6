import type { CSSProperties } from "react";

/** The services with their own colour in theme.css. A new service does not need one. */
const COLOURED: readonly string[] = ["gateway", "gateway-rest", "service-a", "service-b"];

/**
 * Returns the colour of a service as a CSS variable (`var(--service-gateway)`), which follows the theme. Services without
 * their own colour get one of six colours, selected by a hash of the name.
 */
export function serviceColour(name: string): string {
  if (COLOURED.includes(name)) return `var(--service-${name.replace("service-", "")})`;
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return `var(--service-other-${(hash % 6) + 1})`;
}

/** Returns a style that sets `--service`, the CSS variable for the colour of a service. */
export const serviceStyle = (name: string): CSSProperties => ({ "--service": serviceColour(name) });
