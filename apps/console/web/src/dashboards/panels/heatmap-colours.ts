import type { GrafanaTheme2 } from "@grafana/data";
import { clampedInteger, type Json, number } from "../../app/json.ts";

/** The colours of ColorBrewer's schemes, from low to high on a light background. */
const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  Oranges: [
    "#fff5eb",
    "#fee6ce",
    "#fdd0a2",
    "#fdae6b",
    "#fd8d3c",
    "#f16913",
    "#d94801",
    "#a63603",
    "#7f2704",
  ],
  Blues: ["#f7fbff", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b"],
  Greens: ["#f7fcf5", "#e5f5e0", "#c7e9c0", "#a1d99b", "#74c476", "#41ab5d", "#238b45", "#006d2c", "#00441b"],
  Reds: ["#fff5f0", "#fee0d2", "#fcbba1", "#fc9272", "#fb6a4a", "#ef3b2c", "#cb181d", "#a50f15", "#67000d"],
  Purples: [
    "#fcfbfd",
    "#efedf5",
    "#dadaeb",
    "#bcbddc",
    "#9e9ac8",
    "#807dba",
    "#6a51a3",
    "#54278f",
    "#3f007d",
  ],
  Greys: ["#ffffff", "#f0f0f0", "#d9d9d9", "#bdbdbd", "#969696", "#737373", "#525252", "#252525", "#000000"],
  Spectral: [
    "#3288bd",
    "#66c2a5",
    "#abdda4",
    "#e6f598",
    "#ffffbf",
    "#fee08b",
    "#fdae61",
    "#f46d43",
    "#d53e4f",
  ],
  YlOrRd: ["#ffffcc", "#ffeda0", "#fed976", "#feb24c", "#fd8d3c", "#fc4e2a", "#e31a1c", "#bd0026", "#800026"],
  Viridis: [
    "#440154",
    "#472d7b",
    "#3b528b",
    "#2c728e",
    "#21918c",
    "#28ae80",
    "#5ec962",
    "#addc30",
    "#fde725",
  ],
  Turbo: ["#30123b", "#4662d7", "#36aaf9", "#1ae4b6", "#72fe5e", "#c8ef34", "#faba39", "#f66b19", "#7a0403"],
};

/** Schemes that do not depend on the background. */
const ABSOLUTE = new Set(["Spectral", "Viridis", "Turbo"]);

/** Returns the colour for a share (0 to 1) of the highest count. On a dark background the highest is the brightest. */
export function colourScale(options: Json, theme: GrafanaTheme2): { of: (share: number) => string } {
  const exponent =
    options.scale === "exponential" ? Math.min(2, Math.max(0.05, number(options.exponent) ?? 0.5)) : 1;
  if (options.mode === "opacity") {
    const fill = theme.visualization.getColorByName(
      typeof options.fill === "string" ? options.fill : "dark-orange",
    );
    return { of: (share) => withAlpha(fill, 0.06 + 0.94 * clamped(share) ** exponent) };
  }
  const name = String(options.scheme);
  const stops = SCHEMES[name] ?? SCHEMES.Oranges ?? [];
  const flipped = (theme.isDark && !ABSOLUTE.has(name)) !== (options.reverse === true);
  const ordered = flipped ? [...stops].reverse() : stops;
  const steps = clampedInteger(options.steps, 2, 128, 64);
  const palette = Array.from({ length: steps }, (_, index) => mixed(ordered, index / (steps - 1)));
  return { of: (share) => palette[Math.round(clamped(share) ** exponent * (steps - 1))] ?? "transparent" };
}

const clamped = (share: number) => Math.min(1, Math.max(0, share));

function mixed(stops: readonly string[], share: number): string {
  const place = share * (stops.length - 1);
  const [one = "#000000", other = one] = [stops[Math.floor(place)], stops[Math.ceil(place)]];
  const at = (colour: string, channel: number) =>
    Number.parseInt(colour.slice(1 + channel * 2, 3 + channel * 2), 16);
  const channels = [0, 1, 2].map((channel) =>
    Math.round(at(one, channel) + (at(other, channel) - at(one, channel)) * (place % 1)),
  );
  return `rgb(${channels.join(" ")})`;
}

const withAlpha = (colour: string, alpha: number) =>
  `color-mix(in srgb, ${colour} ${Math.round(alpha * 100)}%, transparent)`;
