import { Link } from "react-router";
import { callRate, duration, failedShare } from "../../app/format.ts";
import { serviceColour } from "../../app/services.ts";
import { type Call, columnsOfNodes, nodesOf, type ServiceNode } from "../../service-map/calls.ts";
import { framesToCalls } from "../frames/service-map.ts";
import { urlRange } from "../time/range.ts";
import type { PanelProps } from "./types.ts";

interface Position {
  readonly x: number;
  readonly y: number;
}

const RADIUS = 34;
const MARGIN = { x: 70, top: 12, bottom: 12 };
const MAX_NODES = 60;
/** The minimum distance between nodes of a column. If they do not fit, the panel scrolls. */
const MIN_DISTANCE = 2 * RADIUS + 34;

/**
 * Draws the service map. Each ring contains the mean duration and the call rate, and its red part is the failure rate.
 */
export function NodeGraphPanel({ frames, width, height: room, scope, panel }: PanelProps) {
  const allCalls = framesToCalls(frames);
  const allNodes = nodesOf(allCalls);
  const nodes = allNodes.slice(0, MAX_NODES);
  const drawn = new Set(nodes.map(({ name }) => name));
  const calls = allCalls
    .filter(({ client, server }) => drawn.has(client) && drawn.has(server))
    .slice(0, MAX_NODES * 2);
  const columns = columnsOfNodes(nodes);
  const tallest = Math.max(1, ...columns.map((column) => column.length));
  const height = Math.max(room, tallest * MIN_DISTANCE + 24);
  const positions = new Map<string, Position>();
  for (const [index, members] of columns.entries())
    for (const [row, { name }] of members.entries()) {
      const x = columns.length === 1 ? 0.5 : index / (columns.length - 1);
      const y = (row + 0.5) / members.length;
      positions.set(name, {
        x: MARGIN.x + x * Math.max(0, width - 2 * MARGIN.x),
        y: MARGIN.top + y * Math.max(0, height - MARGIN.top - MARGIN.bottom),
      });
    }
  const at = (name: string): Position => positions.get(name) ?? { x: width / 2, y: height / 2 };
  const busiest = Math.max(...calls.map(({ perSecond }) => perSecond));
  const time = new URLSearchParams(urlRange(scope.range));
  return (
    <div className="node-graph-scroll" style={{ height: room }}>
      {calls.some(({ failed }) => failed === undefined) && (
        <p className="node-graph-unknown" role="status">
          Incomplete: Tempo reached its series limit. For dashed calls, failures are unknown.
        </p>
      )}
      {calls.length < allCalls.length && (
        <p className="node-graph-unknown" role="status">
          Only {nodes.length} of {allNodes.length.toLocaleString("en")} services and {calls.length} of{" "}
          {allCalls.length.toLocaleString("en")} calls are drawn.
        </p>
      )}
      <svg className="node-graph" width={width} height={height}>
        <title>{panel.title || "Service map"}</title>
        <defs>
          <marker
            id={`arrow-${panel.key}`}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0 8 4 0 8Z" fill="var(--text-muted)" />
          </marker>
        </defs>
        {calls.map((call) => (
          <Edge
            key={`${call.client}→${call.server}`}
            call={call}
            from={at(call.client)}
            to={at(call.server)}
            weight={call.perSecond / busiest}
            marker={`url(#arrow-${panel.key})`}
          />
        ))}
        {nodes.map((node) => (
          <Node key={node.name} node={node} position={at(node.name)} time={time.toString()} />
        ))}
      </svg>
    </div>
  );
}

const meanDuration = (seconds: number | undefined) =>
  seconds === undefined ? "–" : duration(seconds * 1000, 2);
const bad = (share: number | undefined): share is number => share !== undefined && share > 0;

interface EdgeProps {
  readonly call: Call;
  readonly from: Position;
  readonly to: Position;
  readonly weight: number;
  readonly marker: string;
}

function Edge({ call, from, to, weight, marker }: EdgeProps) {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [ux, uy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const start = { x: from.x + ux * (RADIUS + 4), y: from.y + uy * (RADIUS + 4) };
  const end = { x: to.x - ux * (RADIUS + 7), y: to.y - uy * (RADIUS + 7) };
  const label = { x: start.x + (end.x - start.x) * 0.5, y: start.y + (end.y - start.y) * 0.5 };
  return (
    <g>
      <title>{`${call.client} calls ${call.server}: ${callRate(call.perSecond)}, ${meanDuration(call.seconds)} each, ${failedShare(call.failed)}`}</title>
      <line
        x1={start.x}
        y1={start.y}
        x2={end.x}
        y2={end.y}
        stroke={bad(call.failed) ? "var(--bad)" : "var(--text-muted)"}
        strokeDasharray={call.failed === undefined ? "6 4" : undefined}
        strokeOpacity="0.75"
        strokeWidth={1 + 2.5 * weight}
        markerEnd={marker}
      />
      <text className="edge-label" x={label.x} y={label.y - 5} textAnchor="middle">
        {callRate(call.perSecond)}
      </text>
    </g>
  );
}

interface NodeProps {
  readonly node: ServiceNode;
  readonly position: Position;
  readonly time: string;
}

/** Tempo's name for callers without traces, which have no dashboard. */
const OUTSIDE = "user";

function Node({ node, position, time }: NodeProps) {
  if (node.name === OUTSIDE) return <Ring node={node} position={position} />;
  return (
    <Link to={`/d/lab-service?var-service=${encodeURIComponent(node.name)}&${time}`}>
      <Ring node={node} position={position} />
    </Link>
  );
}

function Ring({ node, position }: Omit<NodeProps, "time">) {
  const circumference = 2 * Math.PI * RADIUS;
  return (
    <g transform={`translate(${position.x} ${position.y})`} className="node">
      <title>{`${node.name}: ${failedShare(node.failed)}`}</title>
      <circle r={RADIUS} fill="var(--surface)" stroke={serviceColour(node.name)} strokeWidth="4" />
      {bad(node.failed) && (
        <circle
          r={RADIUS}
          fill="none"
          stroke="var(--bad)"
          strokeWidth="4"
          strokeDasharray={`${Math.max(3, node.failed * circumference)} ${circumference}`}
          transform="rotate(-90)"
        />
      )}
      <text className="node-main" y="-1" textAnchor="middle">
        {meanDuration(node.seconds)}
      </text>
      <text className="node-more" y="14" textAnchor="middle">
        {callRate(node.perSecond)}
      </text>
      <text className="node-name" y={RADIUS + 20} textAnchor="middle">
        {node.name}
      </text>
    </g>
  );
}
