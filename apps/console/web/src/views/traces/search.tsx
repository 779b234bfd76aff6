import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { searchTraces } from "../../api/tempo.ts";
import { Problem } from "../../app/problem.tsx";
import { useRange } from "../../range/use-range.ts";
import { grafanaSearch, useGrafana } from "../../trace/grafana.ts";
import { traceId } from "../../trace/ids.ts";
import { useUrlState } from "../../url/state.ts";
import { ID_OR_QUERY, LIMIT, QUERY } from "./params.ts";
import { QueryForm } from "./query-form.tsx";
import { Results } from "./results.tsx";

/** Traces by TraceQL. */
export function Search() {
  const [query, setQuery] = useUrlState("q", QUERY);
  const [limit, setLimit] = useUrlState("limit", LIMIT);
  const { range, choose, now } = useRange();
  const grafana = useGrafana();
  const navigate = useNavigate();
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["traces", query, range, limit],
    queryFn: ({ signal }) => searchTraces(query, { ...now(), limit: Number(limit) }, signal),
  });
  const ask = (text: string) => {
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
        onAsk={ask}
        onLimit={setLimit}
        onRange={choose}
      />
      {error && <Problem title="This search has no result." error={error} />}
      {!error && data && <Results found={data} limit={Number(limit)} />}
      {!error && !data && (
        <p className="empty" role="status">
          <span className="spinner" aria-hidden="true" /> Asking Tempo …
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
