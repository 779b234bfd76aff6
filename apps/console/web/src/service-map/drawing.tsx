import { useState } from "react";
import { useNavigate } from "react-router";
import { callRate, duration, failedShare } from "../app/format.ts";
import { serviceStyle } from "../app/services.ts";
import { NO_TRACE_FILTER, writeTraceql } from "../trace/traceql.ts";
import { type Call, columnsOfNodes, nodesOf } from "./calls.ts";

/** Draws services in columns from left to right, and calls as lines whose width depends on the rate. */
export function Drawing({ calls }: { calls: readonly Call[] }) {
  const [hovered, setHovered] = useState<string>();
  const navigate = useNavigate();
  const { width, height, nodes, lines } = layout(calls);
  return (
    <div className="card map" data-testid="service-map">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        style={{ minWidth: Math.min(width, 720) }}
        role="img"
        aria-label={`Service map: ${calls.map(({ client, server }) => `${client} calls ${server}`).join(", ")}`}
      >
        {lines.map(({ call, path, x, y }) => (
          <g
            key={`${call.client} ${call.server}`}
            className="map-edge"
            data-failed={call.failed === undefined ? "unknown" : call.failed > 0}
            data-dim={hovered !== undefined && hovered !== call.client && hovered !== call.server}
          >
            <path d={path} strokeWidth={1.5 + Math.min(4, Math.sqrt(call.perSecond))} />
            <text x={x} y={y - 6}>
              {callRate(call.perSecond)}
              {call.seconds !== undefined && ` · p95 ${duration(call.seconds * 1000)}`}
              {call.failed !== 0 && (
                <tspan className="map-failed" x={x} dy="17">
                  {failedShare(call.failed)}
                </tspan>
              )}
            </text>
          </g>
        ))}
        {nodes.map(({ node, x, y }) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: a picture; the table below contains the links
          <g
            key={node.name}
            className="map-node"
            style={serviceStyle(node.name)}
            transform={`translate(${x} ${y})`}
            onPointerEnter={() => setHovered(node.name)}
            onPointerLeave={() => setHovered(undefined)}
            onClick={() => {
              if (node.isCalled)
                void navigate({
                  search: `?${new URLSearchParams({ q: writeTraceql({ ...NO_TRACE_FILTER, service: node.name }) })}`,
                });
            }}
          >
            <rect width={NODE.width} height={NODE.height} rx="8" />
            <rect className="map-stripe" width="5" height={NODE.height} rx="2.5" />
            {node.isCalled && node.failed !== undefined && node.failed > 0 && (
              <rect
                className="map-bad"
                y={NODE.height - 4}
                width={NODE.width * node.failed}
                height="4"
                rx="2"
              />
            )}
            <text x="18" y="24" className="map-name">
              {node.name.length > 20 ? `${node.name.slice(0, 19)}…` : node.name}
            </text>
            <text x="18" y="43" className="map-more">
              {node.isCalled
                ? `${callRate(node.perSecond)}, ${failedShare(node.failed)}`
                : "calls from outside"}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

const NODE = { width: 178, height: 58 } as const;
const GAP = { x: 190, y: 84 } as const;
const MARGIN = 12;

/** Computes the position of each service and the path of each line. */
function layout(calls: readonly Call[]) {
  const columns = columnsOfNodes(nodesOf(calls));
  const tallest = Math.max(1, ...columns.map((column) => column.length));
  const height = tallest * (NODE.height + GAP.y) - GAP.y + 2 * MARGIN;
  const nodes = columns.flatMap((column, across) => {
    const top = (height - (column.length * (NODE.height + GAP.y) - GAP.y)) / 2;
    return column.map((node, down) => ({
      node,
      x: MARGIN + across * (NODE.width + GAP.x),
      y: top + down * (NODE.height + GAP.y),
    }));
  });
  const at = new Map(nodes.map((placed) => [placed.node.name, placed]));
  const lines = calls.flatMap((call) => {
    const [from, to] = [at.get(call.client), at.get(call.server)];
    return from && to && from !== to ? [{ call, ...line(from, to) }] : [];
  });
  const width = columns.length * (NODE.width + GAP.x) - GAP.x + 2 * MARGIN;
  return { width, height, nodes, lines };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Returns a curve from the right side of one service to the left side of the other, and the position of its label. */
function line(from: Point, to: Point) {
  const [x1, y1] = [from.x + NODE.width, from.y + NODE.height / 2];
  const [x2, y2] = [to.x, to.y + NODE.height / 2];
  const bend = Math.max(60, Math.abs(x2 - x1) * 0.45);
  const path = `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  // Lines cross in the middle, so place labels near the start.
  const t = y1 === y2 ? 0.62 : 0.3;
  const along = (a: number, b: number, c: number, d: number) =>
    (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t ** 2 * c + t ** 3 * d;
  return { path, x: along(x1, x1 + bend, x2 - bend, x2), y: along(y1, y1, y2, y2) };
}
