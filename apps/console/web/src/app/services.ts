import type { CSSProperties } from "react";

/** The services that have a colour in theme.css. */
const COLOURED: readonly string[] = ["gateway", "gateway-rest", "service-a", "service-b"];

/**
 * The colour of a service: the same everywhere. As CSS (`var(--service-gateway)`), so it follows the theme. Any other
 * service has one of six other colours, always the same for the same name.
 */
export function serviceColour(name: string): string {
  if (COLOURED.includes(name)) return `var(--service-${name.replace("service-", "")})`;
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return `var(--service-other-${(hash % 6) + 1})`;
}

/** Sets the CSS variable `--service`, which style sheets use for the colour of a service. */
export const serviceStyle = (name: string): CSSProperties => ({ "--service": serviceColour(name) });
