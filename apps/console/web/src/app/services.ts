import type { CSSProperties } from "react";

/** The services that have a colour in theme.css. */
const COLOURED: readonly string[] = ["gateway", "gateway-rest", "service-a", "service-b"];

/**
 * The colour of a service as CSS (`var(--service-gateway)`), so that it follows the theme. Other services than the lab's
 * have one of six colours, which depends on the name only.
 */
export function serviceColour(name: string): string {
  if (COLOURED.includes(name)) return `var(--service-${name.replace("service-", "")})`;
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return `var(--service-other-${(hash % 6) + 1})`;
}

/** Sets the CSS variable `--service`, which style sheets use for the colour of a service. */
export const serviceStyle = (name: string): CSSProperties => ({ "--service": serviceColour(name) });
