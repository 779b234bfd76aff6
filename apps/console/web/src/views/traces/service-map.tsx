import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { query } from "../../api/prometheus.ts";
import { Problem, ServiceName } from "../../app/components.tsx";
import { callRate, duration, percent } from "../../app/format.ts";
import { BOXES } from "../../service-map/appearance.tsx";
import { type Call, fetchServiceMap, serviceMapQueries } from "../../service-map/calls.ts";
import { ServiceMapDrawing } from "../../service-map/drawing.tsx";
import { NO_TRACE_FILTER, writeTraceql } from "../../trace/traceql.ts";
import { oneOf, useUrlState } from "../../url/state.ts";

const WINDOWS = ["1m", "5m", "15m", "1h"] as const;
const windowCodec = oneOf(WINDOWS, "5m");

/** Shows the calls between services, which Tempo counts from spans. */
export function ServiceMap() {
  const [window, setWindow] = useUrlState("window", windowCodec);
  const { data, error } = useQuery({
    queryKey: ["service-map", window],
    queryFn: ({ signal }) =>
      fetchServiceMap(serviceMapQueries(window, "p95"), (expr) => query(expr, undefined, signal)),
    refetchInterval: 5000,
  });
  return (
    <>
      <div className="map-head">
        <p className="muted">Tempo derives this map from spans, without any configuration of the services.</p>
        <label className="field">
          <span>Time range</span>
          <select
            className="select"
            value={window}
            onChange={({ target }) => setWindow(windowCodec.read([target.value]))}
          >
            {WINDOWS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      {error && <Problem title="The map cannot be drawn." error={error} />}
      {data?.incomplete && <Incomplete window={window} />}
      {data && data.unnamed.perSecond > 0 && (
        <p className="muted" data-testid="map-unnamed">
          Not drawn: {callRate(data.unnamed.perSecond)} calls whose caller or callee has no name.
        </p>
      )}
      {data?.calls.length === 0 && (
        <p className="empty">
          {data.incomplete
            ? `No calls are known in the last ${window}.`
            : `No service was called in the last ${window}.`}
        </p>
      )}
      {data && data.calls.length > 0 && (
        <>
          <div className="card map" data-testid="service-map">
            <ServiceMapDrawing
              calls={data.calls}
              appearance={BOXES}
              label={`Service map: ${data.calls.map(({ client, server }) => `${client} calls ${server}`).join(", ")}`}
              hrefOf={({ name, isCalled }) => (isCalled ? `/traces?${tracesTo(name, false)}` : undefined)}
            />
          </div>
          <CallTable calls={data.calls} />
        </>
      )}
    </>
  );
}

function Incomplete({ window }: { readonly window: string }) {
  return (
    <p className="banner map-incomplete" role="status" data-testid="map-incomplete">
      <strong>This map is incomplete.</strong> In the last {window} Tempo reached its limit of series for span
      metrics and created no new ones. New services and calls are missing. Failures that could not be counted
      are shown as "unknown". Traces are complete.{" "}
      <a href="/docs/runbooks/SpanMetricsIncomplete">Open the runbook</a>
    </p>
  );
}

/** Shows the map as a table, also for screen readers. */
function CallTable({ calls }: { calls: readonly Call[] }) {
  const sorted = calls.toSorted((a, b) => b.perSecond - a.perSecond);
  return (
    <div className="card table-scroll">
      <table className="table" data-testid="edges" aria-label="Calls between services">
        <thead>
          <tr>
            <th scope="col">Caller</th>
            <th scope="col">Callee</th>
            <th scope="col" className="number">
              Calls
            </th>
            <th scope="col" className="number">
              Failed
            </th>
            <th scope="col" className="number">
              p95
            </th>
            <th scope="col">Traces</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((call) => {
            const bad = call.failed !== undefined && call.failed > 0;
            return (
              <tr key={`${call.client} ${call.server}`}>
                <td>
                  <ServiceName name={call.client} />
                </td>
                <td>
                  <ServiceName name={call.server} />
                </td>
                <td className="number">{callRate(call.perSecond)}</td>
                <td className="number">
                  {call.failed === undefined && <span className="badge warn">unknown</span>}
                  {call.failed !== undefined &&
                    (bad ? <span className="badge bad">{percent(call.failed)}</span> : percent(0))}
                </td>
                <td className="number">{call.seconds === undefined ? "–" : duration(call.seconds * 1000)}</td>
                <td>
                  <Link to={`/traces?${tracesTo(call.server, bad)}`}>
                    {bad ? "failed traces of " : "traces of "}
                    {call.server}
                  </Link>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const tracesTo = (service: string, failed: boolean) =>
  new URLSearchParams({
    q: writeTraceql({ ...NO_TRACE_FILTER, service, status: failed ? "error" : "any" }),
  });
