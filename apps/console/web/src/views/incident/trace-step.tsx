import { duration } from "../../app/duration.ts";
import { attribute } from "../../trace/span.ts";
import { durationOf, type Node } from "../../trace/tree.ts";
import { Service } from "../alerts/badges.tsx";
import { QueryProblem } from "./query-problem.tsx";
import { SpanChoice } from "./span-choice.tsx";
import type { Incident } from "./use-incident.ts";

/** The chosen request's way through the services. One has to find the span that took the time. */
export function TraceStep({
  incident: { traceId, trace, spanKey, chooseSpan, goTo },
}: {
  incident: Incident;
}) {
  if (!traceId) return <ChooseFirst onGo={() => goTo("3")} />;
  const { data, guilty, waiting, error } = trace;
  const chosen = data?.nodes.find(({ span }) => span.key === spanKey);
  return (
    <>
      <QueryProblem error={error} what="The trace" />
      {waiting && <p className="muted">Loading…</p>}
      {data && <SpanChoice trace={data} guilty={guilty} chosen={chosen} onChoose={chooseSpan} />}
      {data && guilty.length === 0 && (
        <p className="muted">
          No span of this request names the fault: it was served before it, or after it.
        </p>
      )}
      <p role="status" className="guilty" data-testid="span-verdict">
        {chosen && <Verdict node={chosen} guilty={guilty.includes(chosen)} />}
      </p>
      <p>
        <a href={`/traces/${traceId}`} target="_blank" rel="noreferrer">
          Open it among the traces<span className="visually-hidden"> (in a new tab)</span>
        </a>
      </p>
    </>
  );
}

function Verdict({ node, guilty }: { node: Node; guilty: boolean }) {
  const { service, attributes } = node.span;
  if (guilty)
    return (
      <>
        Yes. <Service name={service} /> was busy for{" "}
        <strong className="number">{duration(durationOf(node))}</strong> and waited for nobody. Its attribute{" "}
        <code>lab.fault</code> says <code>{attribute(attributes, "lab.fault")}</code>.
      </>
    );
  const [below] = node.children.toSorted((a, b) => durationOf(b) - durationOf(a));
  if (!below) return <>No, this one was quick: {duration(durationOf(node))}.</>;
  return (
    <>
      No: <Service name={service} /> spent {duration(durationOf(below))} of its {duration(durationOf(node))}{" "}
      waiting for what lies below it.
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
