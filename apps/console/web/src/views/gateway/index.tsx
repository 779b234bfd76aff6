import "./gateway.css";
import { PROTOCOL_NAMES } from "@lgtm-lab/contracts/services";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import type { GatewayEntry } from "../../../../shared/api.ts";
import { fetchGateways } from "../../api/console.ts";
import { Problem, ServiceName } from "../../app/components.tsx";
import { useTitle } from "../../app/hooks.ts";
import { Instances } from "./instances.tsx";
import { Routes } from "./routes.tsx";

const REFETCH_MS = 2000;

/** `/gateway`: the instances behind each gateway with their states, and the routes as they are configured. */
export default function Gateway() {
  useTitle("Gateway");
  const { data, error, isPending } = useQuery({
    queryKey: ["gateways"],
    queryFn: ({ signal }) => fetchGateways(signal),
    refetchInterval: REFETCH_MS,
  });
  return (
    <section className="page gateway">
      <h1>Gateway</h1>
      <p className="lead">
        The instances of service A and B as each gateway sees them now, and the routes as they are configured.
        Retries, circuit breakers, ejection, rate limit, cache and access tokens are off by default. The{" "}
        <Link to="/d/lab-gateway">Gateway dashboard</Link> shows them over time.
      </p>
      {error && <Problem error={error} title="The state of the gateways is not available." />}
      {isPending && <p className="muted">Loading…</p>}
      {data && (
        <>
          <section className="gateway-part" aria-labelledby="instances-title">
            <h2 id="instances-title">Instances</h2>
            <ul className="gateways">
              {data.map((gateway) => (
                <GatewayCard
                  key={`${gateway.name} ${gateway.address}`}
                  gateway={gateway}
                  isOneOfSeveral={data.filter(({ name }) => name === gateway.name).length > 1}
                />
              ))}
            </ul>
          </section>
          <section className="gateway-part" aria-labelledby="routes-title">
            <h2 id="routes-title">Routes</h2>
            <Routes gateways={data} />
          </section>
        </>
      )}
    </section>
  );
}

function GatewayCard({
  gateway: { name, address, state, problem },
  isOneOfSeveral,
}: {
  gateway: GatewayEntry;
  isOneOfSeveral: boolean;
}) {
  return (
    <li className="card gateway-card" data-testid={`gateway-${name}`}>
      <header>
        <h3>
          <ServiceName name={name} />
        </h3>
        {isOneOfSeveral && <span className="mono muted">{new URL(address).host}</span>}
        {state && <span className="badge">{PROTOCOL_NAMES[state.protocol]}</span>}
      </header>
      {problem && <p className="problem">{problem}</p>}
      {state && <Instances gateway={name} upstreams={state.upstreams} />}
    </li>
  );
}
