import "react";

declare module "react" {
  interface CSSProperties {
    /** Our own: `style={{ "--service": colour }}`. */
    [variable: `--${string}`]: string | number | undefined;
  }
}
