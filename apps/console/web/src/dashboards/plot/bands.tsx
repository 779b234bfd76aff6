import { dateTimeFormat } from "@grafana/data";
import { type UPlotConfigBuilder, useTheme2 } from "@grafana/ui";
import { useLayoutEffect, useRef } from "react";
import { createPortal } from "react-dom";
import type { Band } from "../queries/annotations.ts";
import { usePlot } from "./hooks.ts";

interface BandsProps {
  readonly config: UPlotConfigBuilder;
  readonly bands: readonly Band[];
  readonly timeZone: string;
}

/** Draws annotations as shaded time ranges, each with a marker that shows its text. */
export function Bands({ config, bands, timeZone }: BandsProps) {
  const theme = useTheme2();
  const plot = usePlot(config);
  const latest = useRef(bands);
  latest.current = bands;
  useLayoutEffect(() => {
    config.addHook("drawClear", (u) => {
      const { ctx, bbox } = u;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      for (const { from, to, colour } of merged(latest.current)) {
        const left = u.valToPos(from, "x", true);
        const width = Math.max(2, u.valToPos(to, "x", true) - left);
        ctx.fillStyle = theme.visualization.getColorByName(colour);
        ctx.globalAlpha = 0.1;
        ctx.fillRect(left, bbox.top, width, bbox.height);
        ctx.globalAlpha = 0.55;
        ctx.fillRect(left, bbox.top, 1, bbox.height);
        if (width > 3) ctx.fillRect(left + width - 1, bbox.top, 1, bbox.height);
      }
      ctx.restore();
    });
  }, [config, theme]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other bands are drawn at once
  useLayoutEffect(() => plot?.redraw(false), [bands]);
  if (!plot) return null;
  const { min, max } = plot.scales.x ?? {};
  if (typeof min !== "number" || typeof max !== "number") return null;
  const time = (ms: number) => dateTimeFormat(ms, { timeZone, format: "HH:mm:ss" });
  return createPortal(
    bands
      .filter(({ from, to }) => to >= min && from <= max)
      .map(({ from, to, colour, title, text }) => {
        const left = Math.max(0, plot.valToPos(Math.max(from, min), "x"));
        const right = plot.valToPos(Math.min(to, max), "x");
        return (
          <span
            key={`${title}-${from}-${text}`}
            className="band-mark"
            style={{
              left,
              width: Math.max(6, right - left),
              background: theme.visualization.getColorByName(colour),
            }}
            title={[title, text, `${time(from)} to ${time(to)}`].filter(Boolean).join("\n")}
          />
        );
      }),
    plot.over,
  );
}

type ColouredRange = Pick<Band, "from" | "to" | "colour">;

/** Merges overlapping bands of one colour, so that many simultaneous alerts do not darken the graph. */
export function merged(bands: readonly ColouredRange[]): ColouredRange[] {
  const found: { from: number; to: number; colour: string }[] = [];
  for (const { from, to, colour } of [...bands].sort((a, b) => a.from - b.from)) {
    const last = found.findLast((band) => band.colour === colour);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to, colour });
  }
  return found;
}
