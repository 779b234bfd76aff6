import "react";

declare module "react" {
  interface CSSProperties {
    /** CSS variables: `style={{ "--service": colour }}`. */
    [variable: `--${string}`]: string | number | undefined;
  }
}
