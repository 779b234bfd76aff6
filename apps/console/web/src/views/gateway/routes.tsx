import type { GatewayRoute } from "@lgtm-lab/contracts";
import type { GatewayEntry } from "../../../../shared/api.ts";
import { ServiceName } from "../../app/components.tsx";
import { duration } from "../../app/format.ts";

/** Lists the routes. Gateways with the same routes share a table. */
export function Routes({ gateways }: { gateways: readonly GatewayEntry[] }) {
  const tables = new Map<string, { names: Set<string>; routes: readonly GatewayRoute[] }>();
  for (const { name, state } of gateways) {
    if (!state) continue;
    const key = JSON.stringify(state.routes);
    const table = tables.get(key) ?? { names: new Set(), routes: state.routes };
    table.names.add(name);
    tables.set(key, table);
  }
  if (tables.size === 0) return <p className="muted">No gateway responds.</p>;
  return [...tables].map(([key, { names, routes }]) => (
    <RouteTable key={key} names={[...names]} routes={routes} />
  ));
}

interface Column {
  readonly title: string;
  /** The lines of the cell; none if the mechanism is off for the route. */
  readonly lines: (route: GatewayRoute) => readonly string[];
}

const COLUMNS: readonly Column[] = [
  {
    title: "Timeout",
    lines: ({ timeout_ms, adds_stream_time }) => [
      duration(timeout_ms),
      ...(adds_stream_time ? ["+ requested time"] : []),
    ],
  },
  { title: "Retries", lines: ({ retries }) => (retries === null ? [] : [`${retries}`]) },
  {
    title: "In-flight limit",
    lines: ({ limits, stream_limits }) => [
      flight(limits),
      ...(stream_limits ? [`long requests: ${flight(stream_limits)}`] : []),
    ],
  },
  {
    title: "Rate limit",
    lines: ({ rate_limit: limit }) =>
      limit ? [`${limit.per_second}/s, ${limit.burst} at once`, `by ${limit.key}`] : [],
  },
  { title: "Cache", lines: ({ cache_ms }) => (cache_ms === null ? [] : [duration(cache_ms)]) },
  { title: "Fallback", lines: ({ fallback }) => (fallback ? ["on"] : []) },
  { title: "Token scope", lines: ({ scope }) => (scope === null ? [] : [scope]) },
];

const flight = ({ running, waiting }: GatewayRoute["limits"]): string =>
  `${running.toLocaleString("en")} running, ${waiting.toLocaleString("en")} waiting`;

function RouteTable({ names, routes }: { names: readonly string[]; routes: readonly GatewayRoute[] }) {
  return (
    <div className="card table-scroll">
      <table className="table routes" data-testid="routes">
        <caption>
          {names.map((name) => (
            <ServiceName key={name} name={name} />
          ))}
        </caption>
        <thead>
          <tr>
            <th scope="col">Route</th>
            <th scope="col">Service</th>
            {COLUMNS.map(({ title }) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {routes.map((route) => (
            <tr key={route.path}>
              <th scope="row" className="route-name">
                <span className="muted route-methods">{route.methods.join(", ")}</span>{" "}
                <span className="mono">{route.path}</span>
              </th>
              <td>
                <ServiceName name={route.upstream} />
              </td>
              {COLUMNS.map(({ title, lines }) => (
                <Cell key={title} lines={lines(route)} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return <td className="muted">off</td>;
  return (
    <td>
      {lines.map((line) => (
        <div key={line}>{line}</div>
      ))}
    </td>
  );
}
