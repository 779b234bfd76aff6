import { createTheme, locationUtil } from "@grafana/data";
import { initPluginTranslations } from "@grafana/i18n";
import { PortalContainer, ThemeContext } from "@grafana/ui";
import { type ReactNode, useMemo } from "react";
import { useTheme } from "../../app/theme.ts";

// Grafana itself sets these up at its start. Its components load their icons from this path, to which
// vite.grafana-icons.ts copies them.
(window as { __grafana_public_path__?: string }).__grafana_public_path__ = "/grafana/";
locationUtil.initialize({
  config: { appSubUrl: "", appUrl: location.origin } as never,
  getVariablesUrlParams: () => ({}),
  getTimeRangeForUrl: () => ({ from: "", to: "" }),
});
void initPluginTranslations("lgtm-lab");

const FONTS = {
  fontFamily: 'Inter, "Segoe UI", Roboto, Helvetica, Arial, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono", ui-monospace, Menlo, Consolas, monospace',
};

/** Darker colours for the light theme. Grafana's are too pale for numbers on a white background. */
const READABLE_ON_WHITE: NonNullable<NonNullable<Parameters<typeof createTheme>[0]>["visualization"]> = {
  hues: [
    { name: "green", shades: [{ name: "green", color: "#2E7D26" }] },
    { name: "orange", shades: [{ name: "orange", color: "#BF4A00" }] },
    { name: "yellow", shades: [{ name: "yellow", color: "#8A6A00" }] },
    { name: "red", shades: [{ name: "red", color: "#CF1F38" }] },
  ],
};

/** Renders Grafana's components in the console's theme. */
export function GrafanaRoot({ children }: { readonly children: ReactNode }) {
  const [mode] = useTheme();
  const theme = useMemo(
    () =>
      createTheme({
        colors: { mode },
        typography: FONTS,
        ...(mode === "light" && { visualization: READABLE_ON_WHITE }),
      }),
    [mode],
  );
  return (
    <ThemeContext.Provider value={theme}>
      {children}
      <PortalContainer />
    </ThemeContext.Provider>
  );
}
