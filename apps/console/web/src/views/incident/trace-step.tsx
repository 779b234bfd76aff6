import { duration } from "../../timeline/words.ts";
import { Service } from "../alerts/badges.tsx";
import { QueryProblem } from "./query-problem.tsx";
import type { Incident } from "./use-incident.ts";

/** The chosen request's way through the services, with the span that took the time marked. */
export function TraceStep({ incident: { traceId, trace, goTo } }: { incident: Incident }) {
  if (!traceId) return <ChooseFirst onGo={() => goTo("3")} />;
  const [guilty] = trace.guilty;
  return (
    <>
      <QueryProblem error={trace.error} what="The trace" />
      {trace.waiting && <p className="muted">Loading…</p>}
      {trace.data !== undefined && !guilty && (
        <p className="muted">No span of this request names the fault: it was served before it, or after.</p>
      )}
      {guilty && (
        <p className="guilty" data-testid="guilty-span">
          <Service name={guilty.service} /> <strong>{guilty.name}</strong> took{" "}
          <span className="number">{duration(guilty.milliseconds)}</span>, and its attribute{" "}
          <code>lab.fault</code> says <code>{guilty.fault}</code>.
        </p>
      )}
      <p>
        <a href={`/traces/${traceId}`} target="_blank" rel="noreferrer">
          Open it among the traces<span className="visually-hidden"> (in a new tab)</span>
        </a>
      </p>
    </>
  );
}

/** Without a request there is nothing to look at. */
export function ChooseFirst({ onGo }: { onGo: () => void }) {
  return (
    <div className="incident-action">
      <p>No request is chosen yet.</p>
      <button type="button" className="button" onClick={onGo}>
        Choose one in step 3
      </button>
    </div>
  );
}
