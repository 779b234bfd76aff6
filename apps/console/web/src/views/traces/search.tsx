import { useQuery } from "@tanstack/react-query";
import type { CSSProperties } from "react";
import { Link, useNavigate } from "react-router";
import { type FoundTrace, searchLatestTraces } from "../../api/tempo.ts";
import { Problem } from "../../app/components.tsx";
import { clock, duration } from "../../app/format.ts";
import { serviceColour } from "../../app/services.ts";
import { useRange } from "../../range/range-select.tsx";
import { grafanaSearch, useGrafana } from "../../trace/links.ts";
import { traceId } from "../../trace/otlp.ts";
import { oneOf, text, useUrlState } from "../../url/state.ts";
import { QueryForm } from "./query-form.tsx";

/** Searches for traces with TraceQL. */
export function Search() {
  const [query, setQuery] = useUrlState("q", QUERY);
  const [limit, setLimit] = useUrlState("limit", LIMIT);
  const { range, choose, now } = useRange();
  const grafana = useGrafana();
  const navigate = useNavigate();
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["traces", query, range, limit],
    queryFn: ({ signal }) => searchLatestTraces(query, { ...now(), limit: Number(limit) }, signal),
  });
  const search = (text: string) => {
    const id = ID_OR_QUERY.test(text) ? traceId(text) : undefined;
    if (id) return void navigate(`/traces/${id}`);
    if (text === query) void refetch();
    else setQuery(text);
  };
  return (
    <>
      <QueryForm
        query={query}
        limit={limit}
        range={range}
        now={now}
        busy={isFetching}
        onSearch={search}
        onLimit={setLimit}
        onRange={choose}
      />
      {error && <Problem title="The search failed." error={error} />}
      {!error && data && <Results found={data} limit={Number(limit)} />}
      {!error && !data && (
        <p className="empty" role="status">
          <span className="spinner" aria-hidden="true" /> Querying Tempo …
        </p>
      )}
      {grafana && (
        <p>
          <a href={grafanaSearch(grafana, query, now())}>The same search in Grafana</a>
        </p>
      )}
    </>
  );
}

/** Lists the traces that a search found. */
export function Results({ found, limit }: { found: readonly FoundTrace[]; limit: number }) {
  if (found.length === 0)
    return (
      <p className="empty" data-testid="no-results">
        No trace matches in this time range. Send a request at <Link to="/">Try it</Link>, or choose a longer
        range.
      </p>
    );
  const longest = Math.max(1, ...found.map(({ durationMs }) => durationMs));
  return (
    <div className="card table-scroll">
      <table className="table results" data-testid="results" aria-label="Traces">
        <thead>
          <tr>
            <th scope="col">Started</th>
            <th scope="col">Trace</th>
            <th scope="col">Duration</th>
            <th scope="col" className="number matching">
              Matching spans
            </th>
          </tr>
        </thead>
        <tbody>
          {found.map((trace) => (
            <Row key={trace.id} trace={trace} share={trace.durationMs / longest} />
          ))}
        </tbody>
      </table>
      <p className="muted results-count">
        {found.length === limit
          ? `The latest ${limit}; there may be more.`
          : `${found.length} ${found.length === 1 ? "trace" : "traces"}: all that match.`}
      </p>
    </div>
  );
}

function Row({ trace, share }: { trace: FoundTrace; share: number }) {
  const { id, service, name, startedAt, durationMs, matched } = trace;
  return (
    <tr style={{ "--service": serviceColour(service), "--share": share } as CSSProperties}>
      <td className="number">{clock(startedAt)}</td>
      <td>
        <div className="result-name">
          <Link to={`/traces/${id}`}>{name || "root span not received"}</Link>
          {service && <span className="service muted">{service}</span>}
          <code className="muted" title={id}>
            {id.slice(0, 8)}
          </code>
        </div>
      </td>
      <td className="result-duration">
        <span className="number">{durationMs === 0 ? "< 1 ms" : duration(durationMs)}</span>
        <span className="result-bar" aria-hidden="true" />
      </td>
      <td className="number matching">{matched || ""}</td>
    </tr>
  );
}

export const QUERY = text("{ }");
export const LIMIT = oneOf(["20", "50", "100", "200"], "20");
export const TAB = oneOf(["search", "map"], "search");
export const SPAN = text();
/** Matches a trace id that was typed instead of a query. */
const ID_OR_QUERY = /^\s*[0-9a-f]{16,32}\s*$/i;
