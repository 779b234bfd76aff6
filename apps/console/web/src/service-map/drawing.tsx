import "./service-map.css";
import { useId, useState } from "react";
import { Link } from "react-router";
import { serviceStyle } from "../app/services.ts";
import type { Appearance, Point, Size } from "./appearance.tsx";
import { type Call, columnsOfNodes, nodesOf, type ServiceNode } from "./calls.ts";

const MAX_NODES = 60;
const MAX_CALLS = 2 * MAX_NODES;

interface Props {
  readonly calls: readonly Call[];
  readonly appearance: Appearance;
  readonly label: string;
  /** The size of the drawing, which can be higher. If missing, it is as wide as the page. */
  readonly room?: Size;
  /** Returns the address to which a service links. */
  readonly hrefOf: (node: ServiceNode) => string | undefined;
}

/** Draws services in columns from left to right, and calls as lines whose width depends on the rate. */
export function ServiceMapDrawing({ calls: allCalls, appearance, label, room, hrefOf }: Props) {
  const [hovered, setHovered] = useState<string>();
  const arrow = useId();
  const allNodes = nodesOf(allCalls);
  const nodes = allNodes.slice(0, MAX_NODES);
  const columns = columnsOfNodes(nodes);
  const { width, height, margin } = appearance.area(columns, room);
  const positions = place(columns, { width, height }, margin);
  const calls = allCalls
    .filter(({ client, server }) => positions.has(client) && positions.has(server))
    .slice(0, MAX_CALLS);
  const busiest = Math.max(...calls.map(({ perSecond }) => perSecond));
  return (
    <>
      {calls.length < allCalls.length && (
        <p className="map-notice" role="status">
          Only {nodes.length} of {allNodes.length.toLocaleString("en")} services and {calls.length} of{" "}
          {allCalls.length.toLocaleString("en")} calls are drawn.
        </p>
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing of links, and no form */}
      <svg
        className={`service-map ${appearance.className}`}
        viewBox={`0 0 ${width} ${height}`}
        {...(room ? { width, height } : { style: { minWidth: Math.min(width, 720) } })}
        role="group"
        aria-label={label}
      >
        {appearance.arrows && <Arrow id={arrow} />}
        {calls.map((call) => {
          const [from, to] = [positions.get(call.client), positions.get(call.server)];
          if (!from || !to || from === to) return null;
          const { path, label } = line(from, to, appearance);
          return (
            <g
              key={`${call.client} ${call.server}`}
              className="map-edge"
              data-failed={call.failed === undefined ? "unknown" : call.failed > 0}
              data-dim={hovered !== undefined && hovered !== call.client && hovered !== call.server}
            >
              <appearance.EdgeTitle call={call} />
              <path
                d={path}
                strokeWidth={appearance.lineWidth(call.perSecond, busiest)}
                markerEnd={appearance.arrows ? `url(#${arrow})` : undefined}
              />
              <text x={label.x} y={label.y - appearance.labelGap}>
                <appearance.EdgeLabel call={call} x={label.x} />
              </text>
            </g>
          );
        })}
        {nodes.map((node) => {
          const { x, y } = positions.get(node.name) as Point;
          const drawn = (
            <g
              key={node.name}
              className="map-node"
              style={serviceStyle(node.name)}
              transform={`translate(${x} ${y})`}
              onPointerEnter={() => setHovered(node.name)}
              onPointerLeave={() => setHovered(undefined)}
            >
              <appearance.Node node={node} />
            </g>
          );
          const href = hrefOf(node);
          return href === undefined ? (
            drawn
          ) : (
            <Link key={node.name} to={href}>
              {drawn}
            </Link>
          );
        })}
      </svg>
    </>
  );
}

const Arrow = ({ id }: { readonly id: string }) => (
  <defs>
    <marker id={id} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
      <path d="M0 0 8 4 0 8Z" fill="var(--text-muted)" />
    </marker>
  </defs>
);

/** Returns the centres of the services: columns and the services of a column have equal distances. */
function place(
  columns: readonly (readonly ServiceNode[])[],
  { width, height }: Size,
  margin: Point,
): ReadonlyMap<string, Point> {
  return new Map(
    columns.flatMap((members, index) =>
      members.map(({ name }, row) => {
        const across = columns.length === 1 ? 0.5 : index / (columns.length - 1);
        const down = (row + 0.5) / members.length;
        const x = margin.x + across * Math.max(0, width - 2 * margin.x);
        const y = margin.y + down * Math.max(0, height - 2 * margin.y);
        return [name, { x, y }] as const;
      }),
    ),
  );
}

/** Returns the line from one service to another, and the position of its label. */
function line(
  from: Point,
  to: Point,
  appearance: Appearance,
): { readonly path: string; readonly label: Point } {
  const [start, end] = appearance.ends(from, to);
  const [first, second] = appearance.controls(start, end);
  const points = [start, first, second, end].map(({ x, y }) => `${x} ${y}`);
  // Lines cross in the middle, so place labels near the start.
  const t = start.y === end.y ? 0.62 : 0.3;
  const at = (axis: "x" | "y") =>
    (1 - t) ** 3 * start[axis] +
    3 * (1 - t) ** 2 * t * first[axis] +
    3 * (1 - t) * t ** 2 * second[axis] +
    t ** 3 * end[axis];
  return { path: `M${points[0]} C${points.slice(1).join(" ")}`, label: { x: at("x"), y: at("y") } };
}
