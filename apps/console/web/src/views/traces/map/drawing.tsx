import { type CSSProperties, useState } from "react";
import { useNavigate } from "react-router";
import { duration } from "../../../app/duration.ts";
import { serviceColour } from "../../../app/services.ts";
import { writeTraceql } from "../../../trace/traceql.ts";
import { layout, NODE } from "./layout.ts";
import { type Edge, placesOf } from "./read.ts";
import { failedWords, rate } from "./words.ts";

/** The map: services in columns from left to right, calls as lines that are thicker the more there are. */
export function Drawing({ edges }: { edges: readonly Edge[] }) {
  const [near, setNear] = useState<string>();
  const navigate = useNavigate();
  const { width, height, nodes, lines } = layout(placesOf(edges), edges);
  return (
    <div className="card map" data-testid="service-map">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        style={{ minWidth: Math.min(width, 720) }}
        role="img"
        aria-label={`Service map: ${edges.map(({ client, server }) => `${client} calls ${server}`).join(", ")}`}
      >
        {lines.map(({ edge, path, x, y }) => (
          <g
            key={`${edge.client} ${edge.server}`}
            className="map-edge"
            data-failed={edge.failed === undefined ? "unknown" : edge.failed > 0}
            data-dim={near !== undefined && near !== edge.client && near !== edge.server}
          >
            <path d={path} strokeWidth={1.5 + Math.min(4, Math.sqrt(edge.perSecond))} />
            <text x={x} y={y - 6}>
              {rate(edge.perSecond)}
              {edge.p95 !== undefined && ` · p95 ${duration(edge.p95)}`}
              {edge.failed !== 0 && (
                <tspan className="map-failed" x={x} dy="17">
                  {failedWords(edge.failed)}
                </tspan>
              )}
            </text>
          </g>
        ))}
        {nodes.map(({ place, x, y }) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: a picture; the table below has the same as links
          <g
            key={place.name}
            className="map-node"
            style={{ "--service": serviceColour(place.name) } as CSSProperties}
            transform={`translate(${x} ${y})`}
            onPointerEnter={() => setNear(place.name)}
            onPointerLeave={() => setNear(undefined)}
            onClick={() => {
              if (place.calls > 0) void navigate({ search: `?${tracesOf(place.name)}` });
            }}
          >
            <rect width={NODE.width} height={NODE.height} rx="8" />
            <rect className="map-stripe" width="5" height={NODE.height} rx="2.5" />
            {place.failed !== undefined && place.failed > 0 && (
              <rect
                className="map-bad"
                y={NODE.height - 4}
                width={NODE.width * place.failed}
                height="4"
                rx="2"
              />
            )}
            <text x="18" y="24" className="map-name">
              {place.name.length > 20 ? `${place.name.slice(0, 19)}…` : place.name}
            </text>
            <text x="18" y="43" className="map-more">
              {place.calls > 0 ? `${rate(place.calls)}, ${failedWords(place.failed)}` : "calls from outside"}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

const tracesOf = (service: string) =>
  new URLSearchParams({ q: writeTraceql({ service, status: "any", longerThan: "", route: "" }) });
