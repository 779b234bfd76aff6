import { type DataFrame, dateTimeFormat, type Field, FieldType, formattedValueToString } from "@grafana/data";
import type { UPlotConfigBuilder } from "@grafana/ui";
import { type CSSProperties, useState } from "react";
import { createPortal } from "react-dom";
import { Link } from "react-router";
import type uPlot from "uplot";
import type { ExemplarPoint } from "../frames/exemplars.ts";
import { usePlot } from "./hooks.ts";

interface ExemplarsProps {
  readonly config: UPlotConfigBuilder;
  readonly points: readonly ExemplarPoint[];
  readonly frame: DataFrame;
  readonly timeZone: string;
  /** Returns the vertical position of a value. Needed if the y axis is not a scale of values. */
  readonly toY?: (plot: uPlot, value: number) => number | undefined;
  readonly format?: (value: number) => string;
}

/** Draws exemplars as points, each with a link to its trace. */
export function Exemplars({ config, points, frame, timeZone, toY = onScale, format }: ExemplarsProps) {
  const plot = usePlot(config);
  const [hovered, setHovered] = useState<ExemplarPoint>();
  if (!plot || points.length === 0) return null;
  const { min, max } = plot.scales.x ?? {};
  if (typeof min !== "number" || typeof max !== "number") return null;
  const values = frame.fields.find(({ type }) => type === FieldType.number);
  const slowest = points.reduce((one, other) => (other.value > one.value ? other : one));
  const place = ({ time, value }: ExemplarPoint): CSSProperties | undefined => {
    const top = toY(plot, value);
    if (time < min || time > max || top === undefined || !Number.isFinite(top)) return undefined;
    return { left: plot.valToPos(time, "x"), top: Math.min(plot.over.clientHeight, Math.max(0, top)) };
  };
  return createPortal(
    <>
      {points.map((point) => {
        const style = point.traceId ? place(point) : undefined;
        return (
          style && (
            <Link
              key={`${point.traceId}-${point.time}-${point.value}`}
              className="exemplar"
              draggable={false}
              data-exemplar={point.traceId}
              style={style}
              to={`/traces/${encodeURIComponent(point.traceId)}`}
              aria-label={`Trace of a request: ${written(point.value, values, format)}`}
              // Only the slowest request of each graph is in the tab order.
              tabIndex={point === slowest ? 0 : -1}
              onMouseEnter={() => setHovered(point)}
              onMouseLeave={() => setHovered(undefined)}
              onFocus={() => setHovered(point)}
              onBlur={() => setHovered(undefined)}
            />
          )
        );
      })}
      {hovered && (
        <ExemplarCard
          point={hovered}
          style={place(hovered)}
          side={(hovered.time - min) / (max - min) > 0.5 ? "left" : "right"}
          value={written(hovered.value, values, format)}
          drawn={points.length}
          when={dateTimeFormat(hovered.time, { timeZone, format: "HH:mm:ss.SSS" })}
        />
      )}
    </>,
    plot.over,
  );
}

const LABELS = ["service_name", "http_route", "rpc_method", "http_response_status_code"];

interface CardProps {
  readonly point: ExemplarPoint;
  readonly style: CSSProperties | undefined;
  readonly side: "left" | "right";
  readonly value: string;
  readonly when: string;
  /** The number of points in the graph. */
  readonly drawn: number;
}

function ExemplarCard({ point, style, side, value, when, drawn }: CardProps) {
  const about = LABELS.map((label) => point.labels[label]).filter(Boolean);
  return (
    <div className="exemplar-card" data-side={side} style={style} role="tooltip">
      <strong>{value}</strong>
      <span>{about.join(" · ")}</span>
      <span>{when}</span>
      <code>{point.traceId}</code>
      {point.of !== undefined && (
        <span>
          {drawn} of {point.of.toLocaleString("en")} requests are drawn: the slowest, the fastest and one
          between of each interval
        </span>
      )}
      <em>Click opens the trace</em>
    </div>
  );
}

function written(value: number, field: Field | undefined, format?: (value: number) => string): string {
  if (format) return format(value);
  return field?.display ? formattedValueToString(field.display(value)) : String(value);
}

function onScale(plot: uPlot, value: number): number | undefined {
  const [scale] =
    Object.entries(plot.scales).find(([key, { min }]) => key !== "x" && typeof min === "number") ?? [];
  return scale === undefined ? undefined : plot.valToPos(value, scale);
}
