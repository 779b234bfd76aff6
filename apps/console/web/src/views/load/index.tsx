import "./load.css";
import type { LoadResult } from "@lgtm-lab/load/result";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "react-router";
import { type LoadTest, listLoadTests } from "../../api/console.ts";
import { Problem } from "../../app/components.tsx";
import { clock, elapsed } from "../../app/format.ts";
import { useTitle } from "../../app/hooks.ts";
import { text, useUrlState } from "../../url/state.ts";
import { Plots } from "./plots.tsx";
import { StepTable } from "./step-table.tsx";

/** Finds the result of a load test that ends while the page is open. */
const REFETCH_MS = 5000;
const TIME = text();

/** `/load`: the results of `lab load`. `?run=<time>` selects one of them; the default is the newest. */
export default function Load() {
  useTitle("Load tests");
  const [requestedTime] = useUrlState("run", TIME);
  const { data, error, isPending } = useQuery({
    queryKey: ["load"],
    queryFn: ({ signal }) => listLoadTests(signal),
    refetchInterval: REFETCH_MS,
  });
  const shown = requestedTime === "" ? data?.[0] : data?.find(({ time }) => time === requestedTime);
  return (
    <section className="page load">
      <h1>Load tests</h1>
      <p className="lead">
        Throughput and latency of the lab over gRPC and over REST, while the number of users grows from 25 to
        3,200. <code>npx lab load</code> measures them with k6.
      </p>
      {error && <Problem error={error} title="The results are not available." />}
      {isPending && <p className="muted">Loading…</p>}
      {data?.length === 0 && <NoRun />}
      {data && data.length > 0 && (
        <div className="load-columns">
          <Runs runs={data} shown={shown} />
          {shown ? <Run run={shown} /> : <p className="problem">Unknown load test.</p>}
        </div>
      )}
    </section>
  );
}

function NoRun() {
  return (
    <div className="card load-empty" data-testid="no-load-test">
      <h2>No load test has run yet</h2>
      <p>Start one in another terminal, in the clone of the repository:</p>
      <pre>
        <code>npx lab load --quick</code>
      </pre>
      <p className="muted">
        It takes two minutes. Without <code>--quick</code> it has all 16 steps. The result appears here when
        it ends. The native stack stores results in its state folder, so a console in a container has none.
      </p>
    </div>
  );
}

function Runs({ runs, shown }: { runs: readonly LoadTest[]; shown: LoadTest | undefined }) {
  const { pathname } = useLocation();
  return (
    <nav aria-label="Load tests">
      <ul className="load-runs">
        {runs.map((run) => (
          <li key={run.time}>
            <Link
              to={`${pathname}?${new URLSearchParams({ run: run.time })}`}
              aria-current={run === shown ? "true" : undefined}
            >
              <span className="number">{nameOf(run)}</span>
              <span className="badges">
                {run.result && <span className="badge">{run.result.profile}</span>}
                {run.result?.stoppedEarly && <span className="badge warn">stopped early</span>}
                {run.problem && <span className="badge bad">not readable</span>}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Returns the time of the start; the name of the folder if it is not a time. */
function nameOf({ time, result }: LoadTest): string {
  const at = Date.parse(result?.startedAt ?? time);
  return Number.isNaN(at) ? time : clock(at);
}

function Run({ run }: { run: LoadTest }) {
  const { result, problem, report, time } = run;
  return (
    <article className="load-run" aria-labelledby="load-run">
      <header>
        <h2 id="load-run">{nameOf(run)}</h2>
        {report && (
          <a className="button primary" href={`/load/${encodeURIComponent(time)}/report.html`}>
            Open the report
          </a>
        )}
        {result && (
          <Link className="button" to={dashboardOf(result)}>
            Load dashboard for this time
          </Link>
        )}
      </header>
      {problem && <p className="problem">{problem}</p>}
      {result && <Facts result={result} />}
      {result && result.steps.length > 0 && (
        <>
          <StepTable steps={result.steps} />
          <Plots result={result} />
        </>
      )}
      {result?.steps.length === 0 && <p className="muted">No step was measured.</p>}
    </article>
  );
}

function Facts({
  result: { startedAt, endedAt, stoppedEarly, machine, steps, recoveredAfterS },
}: {
  result: LoadResult;
}) {
  const dropped = steps.reduce((sum, step) => sum + step.dropped.spans + step.dropped.lines, 0);
  const failed = steps.flatMap(({ protocol, users, failedThresholds }) =>
    failedThresholds.map((name) => `${name} (${protocol === "grpc" ? "gRPC" : "REST"}, ${users} users)`),
  );
  return (
    <>
      <p className="muted number">
        {elapsed(Date.parse(endedAt) - Date.parse(startedAt))} on {machine.cpus} CPUs ({machine.cpuModel}), k6{" "}
        {machine.k6}.{" "}
        {dropped === 0
          ? "No span and no log line was dropped."
          : `${dropped.toLocaleString("en")} spans and log lines were dropped and counted.`}
        {recoveredAfterS !== undefined &&
          ` Response times returned to normal ${elapsed(recoveredAfterS * 1000)} after the end.`}
      </p>
      {stoppedEarly && <p className="load-note">Stopped early: later steps are missing.</p>}
      {failed.length > 0 && <p className="load-note">Failed thresholds: {failed.join(", ")}.</p>}
    </>
  );
}

const MARGIN_MS = 10_000;

/** Returns the address of the Load dashboard for the time of a load test, with some seconds before and after it. */
function dashboardOf({ startedAt, endedAt }: LoadResult): string {
  const range = { from: Date.parse(startedAt) - MARGIN_MS, to: Date.parse(endedAt) + MARGIN_MS };
  return `/d/lab-load?${new URLSearchParams({ from: `${range.from}`, to: `${range.to}` })}`;
}
