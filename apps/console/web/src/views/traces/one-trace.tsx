import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { fetchTrace, WITHOUT_STRUCTURAL_SHARING } from "../../api/tempo.ts";
import { Problem } from "../../app/components.tsx";
import { clock, duration, listOf } from "../../app/format.ts";
import { useTitle } from "../../app/hooks.ts";
import { grafanaTrace, logsOf, timesOf, useGrafana } from "../../trace/links.ts";
import { traceId } from "../../trace/otlp.ts";
import { servicesOf } from "../../trace/times.ts";
import { TraceBody, TraceRemarks } from "../../trace/trace-body.tsx";
import type { Trace } from "../../trace/tree.ts";
import { missingOf } from "../../trace/tree.ts";
import { useUrlState } from "../../url/state.ts";
import { SPAN } from "./search.tsx";

/** The maximum number of times that an incomplete trace is fetched, once a second. */
const MAX_FETCHES = 15;

/** `/traces/<id>`: shows one trace. */
export function OneTrace({ given }: { given: string }) {
  const id = traceId(given);
  useTitle(id ? `Trace ${id.slice(0, 8)}` : "Trace");
  return id ? <TraceById id={id} /> : <InvalidId given={given} />;
}

function TraceById({ id }: { id: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["trace", id],
    queryFn: ({ signal }) => fetchTrace(id, signal),
    ...WITHOUT_STRUCTURAL_SHARING,
    refetchInterval: ({ state }) =>
      missingOf(state.data, []).length > 0 && state.dataUpdateCount < MAX_FETCHES ? 1000 : false,
  });
  if (error)
    return (
      <section className="page">
        <h1>Trace {id.slice(0, 8)}</h1>
        <Problem title="Tempo did not return the trace." error={error} />
        <button type="button" className="button" onClick={() => void refetch()}>
          Try again
        </button>
      </section>
    );
  if (!data)
    return (
      <p className="page muted" role="status">
        Querying Tempo …
      </p>
    );
  if (data.nodes.length > 0) return <TraceView id={id} trace={data} />;
  return data.remarks.length > 0 ? <Undrawable id={id} remarks={data.remarks} /> : <NotFound id={id} />;
}

function TraceView({ id, trace }: { id: string; trace: Trace }) {
  const [chosen, choose] = useUrlState("span", SPAN);
  const grafana = useGrafana();
  const root = trace.roots.find(({ orphan }) => !orphan) ?? trace.roots[0];
  const errors = trace.nodes.filter(({ span }) => span.error).length;
  const missing = missingOf(trace, []);
  return (
    <section className="page wide one-trace" data-testid="trace-page">
      <div>
        <nav className="breadcrumb" aria-label="Breadcrumb">
          <Link to="/traces">Traces</Link>
          <span aria-hidden="true">/</span>
          <code>{id}</code>
        </nav>
        <h1>
          {root?.span.service}: {root?.span.name}
        </h1>
      </div>
      <div className="trace-facts">
        <Fact name="Duration" value={duration(trace.to - trace.from)} />
        <Fact name="Started" value={clock(trace.startedAt)} />
        <Fact name="Services" value={String(servicesOf(trace).length)} />
        <Fact name="Spans" value={trace.nodes.length.toLocaleString("en")} />
        <Fact name="Errors" value={String(errors)} bad={errors > 0} />
        <nav aria-label="Other views of this trace">
          <Link className="button" to={logsOf(id, trace)} data-testid="trace-logs">
            Log lines
          </Link>
          {grafana && (
            <a className="button" href={grafanaTrace(grafana, id, timesOf(trace))}>
              In Grafana
            </a>
          )}
        </nav>
      </div>
      {missing.length > 0 && (
        <p className="banner" role="status">
          This trace is incomplete. Missing: {listOf(missing)}.
        </p>
      )}
      <TraceBody
        trace={trace}
        traceId={id}
        label="Spans of this trace"
        chosen={trace.nodes.find(({ span }) => span.key === chosen || span.id === chosen)?.span.key}
        onChoose={(key) => choose(key ?? "", { replace: true })}
      />
    </section>
  );
}

const Fact = ({ name, value, bad = false }: { name: string; value: string; bad?: boolean }) => (
  <div className="trace-fact">
    <span className="muted">{name}</span>
    <strong className={bad ? "number bad-number" : "number"}>{value}</strong>
  </div>
);

/** Shown if no span of a trace can be drawn. */
const Undrawable = ({ id, remarks }: { id: string; remarks: readonly string[] }) => (
  <section className="page problem-page" data-testid="trace-undrawable">
    <h1>No span of this trace can be drawn</h1>
    <p>
      Tempo has spans of <code>{id}</code>:
    </p>
    <TraceRemarks remarks={remarks} />
    <Link className="button primary" to="/traces">
      Search for traces
    </Link>
  </section>
);

const NotFound = ({ id }: { id: string }) => (
  <section className="page problem-page" data-testid="trace-absent">
    <h1>Trace not found</h1>
    <p>
      Tempo has no span of <code>{id}</code>. A trace is available about half a second after its request has
      ended, and is stored for 7 days.
    </p>
    <p>
      <Link to={`/logs?${new URLSearchParams({ trace: id, from: "now-24h" })}`}>
        Search for its log lines
      </Link>
    </p>
    <Link className="button primary" to="/traces">
      Search for traces
    </Link>
  </section>
);

const InvalidId = ({ given }: { given: string }) => (
  <section className="page problem-page" data-testid="trace-absent">
    <h1>Not a trace id</h1>
    <p>
      <code>{given.slice(0, 100)}</code> is not valid. A trace id has up to 32 hexadecimal digits, which are
      not all 0.
    </p>
    <Link className="button primary" to="/traces">
      Search for traces
    </Link>
  </section>
);
