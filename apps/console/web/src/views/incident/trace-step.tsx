import type { CSSProperties } from "react";
import { QueryProblem, ServiceName } from "../../app/components.tsx";
import { duration } from "../../app/format.ts";
import { serviceColour } from "../../app/services.ts";
import { attribute } from "../../trace/otlp.ts";
import { rowOf } from "../../trace/times.ts";
import { durationOf, type Node, type Trace } from "../../trace/tree.ts";
import type { Incident } from "./use-incident.ts";

/** Step 4: shows the trace of the chosen request. The user selects the span that caused the delay. */
export function TraceStep({
  incident: { traceId, trace, spanKey, chooseSpan, goTo },
}: {
  incident: Incident;
}) {
  if (!traceId) return <ChooseFirst onGo={() => goTo("3")} />;
  const { data, faulty, waiting, error } = trace;
  const chosen = data?.nodes.find(({ span }) => span.key === spanKey);
  return (
    <>
      <QueryProblem error={error} what="The trace" />
      {waiting && <p className="muted">Loading…</p>}
      {data && <SpanChoice trace={data} faulty={faulty} chosen={chosen} onChoose={chooseSpan} />}
      {data && faulty.length === 0 && (
        <p className="muted">
          No span of this request names the fault, because the fault was not active at that time.
        </p>
      )}
      <p role="status" className="verdict" data-testid="span-verdict">
        {chosen && <Verdict node={chosen} isFaulty={faulty.includes(chosen)} />}
      </p>
      <p>
        <a href={`/traces/${traceId}`} target="_blank" rel="noreferrer">
          Open the trace<span className="visually-hidden"> (in a new tab)</span>
        </a>
      </p>
    </>
  );
}

function Verdict({ node, isFaulty }: { node: Node; isFaulty: boolean }) {
  const { service, attributes } = node.span;
  if (isFaulty)
    return (
      <>
        Yes. <ServiceName name={service} /> was busy for{" "}
        <strong className="number">{duration(durationOf(node))}</strong> and did not wait for another service.
        Its attribute <code>lab.fault</code> is <code>{attribute(attributes, "lab.fault")}</code>.
      </>
    );
  const [below] = node.children.toSorted((a, b) => durationOf(b) - durationOf(a));
  if (!below) return <>No. This span took only {duration(durationOf(node))}.</>;
  return (
    <>
      No. <ServiceName name={service} /> spent {duration(durationOf(below))} of its{" "}
      {duration(durationOf(node))} waiting for its child span.
    </>
  );
}

/** Shown until a request is chosen. */
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

const NONE: ReadonlySet<string> = new Set();
/** The maximum number of spans in the list. These traces usually have about five. */
const MAX_SPANS = 60;

interface Props {
  readonly trace: Trace;
  readonly faulty: readonly Node[];
  readonly chosen: Node | undefined;
  readonly onChoose: (key: string) => void;
}

/** Shows a waterfall to choose a span from. Marks the correct span when it is chosen. */
function SpanChoice({ trace, faulty, chosen, onChoose }: Props) {
  const found = chosen !== undefined && faulty.includes(chosen);
  return (
    <ol className="span-choice" aria-label="Spans of this request. Which one caused the delay?">
      {trace.nodes.slice(0, MAX_SPANS).map((node) => {
        const { left, width, selfTime } = rowOf(node, trace, NONE);
        const { span, depth } = node;
        return (
          <li key={span.key}>
            <button
              type="button"
              aria-pressed={node === chosen}
              data-testid={faulty.includes(node) ? "faulty-span" : "span"}
              data-faulty={found && faulty.includes(node)}
              style={{ "--service": serviceColour(span.service), "--depth": depth } as CSSProperties}
              onClick={() => onChoose(span.key)}
            >
              <span className="span-name">
                <ServiceName name={span.service} />
                <span className="muted">{span.name}</span>
              </span>
              <span className="span-track" aria-hidden="true">
                <i className="span-bar" style={{ left: `${left}%`, width: `max(2px, ${width}%)` }} />
                {selfTime.map((part) => (
                  <i
                    key={part.left}
                    className="span-bar self-time"
                    style={{ left: `${part.left}%`, width: `max(2px, ${part.width}%)` }}
                  />
                ))}
              </span>
              <span className="number span-time">{duration(durationOf(node))}</span>
            </button>
          </li>
        );
      })}
      {trace.nodes.length > MAX_SPANS && (
        <li className="muted">
          {(trace.nodes.length - MAX_SPANS).toLocaleString("en")} more spans of this trace are not listed
          here.
        </li>
      )}
    </ol>
  );
}
