import type { GatewayInstance, GatewayState } from "@lgtm-lab/contracts";
import type { CSSProperties } from "react";
import { ServiceName } from "../../app/components.tsx";
import { duration } from "../../app/format.ts";
import { serviceColour } from "../../app/services.ts";

type Upstream = GatewayState["upstreams"][number];

/** Lists the instances of each service with their states. */
export function Instances({ gateway, upstreams }: { gateway: string; upstreams: readonly Upstream[] }) {
  return (
    <div className="table-scroll">
      <table className="table instances">
        <caption className="visually-hidden">Instances that {gateway} calls</caption>
        <thead>
          <tr>
            <th scope="col">Instance</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              In progress
            </th>
            <th scope="col" className="number">
              Latency
            </th>
          </tr>
        </thead>
        {upstreams.map((upstream) => (
          <UpstreamRows key={upstream.name} upstream={upstream} />
        ))}
      </table>
    </div>
  );
}

function UpstreamRows({ upstream: { name, balancing, instances } }: { upstream: Upstream }) {
  const slowest = Math.max(...instances.map(({ latency_ms }) => latency_ms ?? 0));
  return (
    <tbody style={{ "--service": serviceColour(name) } as CSSProperties}>
      <tr className="upstream">
        <th scope="rowgroup" colSpan={4}>
          <ServiceName name={name} />
          {balancing && <span className="muted balancing">{balancing}</span>}
        </th>
      </tr>
      {instances.map((instance) => (
        <tr key={instance.address} data-testid="instance">
          <td className="mono">{instance.address.replace(/^http:\/\//, "")}</td>
          <td>
            <State instance={instance} />
          </td>
          <td className="number">{instance.active_calls ?? "–"}</td>
          <td className="number latency">
            <Latency ms={instance.latency_ms} slowest={slowest} />
          </td>
        </tr>
      ))}
      {instances.length === 0 && (
        <tr>
          <td colSpan={4} className="muted">
            No address yet: the instances file is missing, empty or invalid. The log of the gateway has the
            reason.
          </td>
        </tr>
      )}
    </tbody>
  );
}

/** Shows whether calls go to an instance, and what keeps them away. */
function State({ instance: { breaker, ejected } }: { instance: GatewayInstance }) {
  if (breaker === null && ejected === null)
    return (
      <span className="badge" title="No circuit breaker, ejection or health check is on.">
        always used
      </span>
    );
  return (
    <span className="badges">
      {breaker === "open" && <span className="badge bad">breaker open</span>}
      {breaker === "half-open" && <span className="badge warn">breaker half-open</span>}
      {ejected && <span className="badge warn">ejected</span>}
      {!ejected && (breaker === null || breaker === "closed") && <span className="badge ok">in use</span>}
    </span>
  );
}

/** The mean latency, with a bar that compares it with the slowest instance of the service. */
function Latency({ ms, slowest }: { ms: number | null; slowest: number }) {
  if (ms === null) return "–";
  return (
    <>
      <span className="latency-bar" style={{ "--share": ms / slowest } as CSSProperties} aria-hidden="true" />
      {duration(ms, 2)}
    </>
  );
}
