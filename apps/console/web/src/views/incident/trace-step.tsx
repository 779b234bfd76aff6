import type { CSSProperties } from "react";
import { QueryProblem, ServiceName } from "../../app/components.tsx";
import { duration } from "../../app/format.ts";
import { serviceColour } from "../../app/services.ts";
import { attribute } from "../../trace/otlp.ts";
import { rowOf } from "../../trace/times.ts";
import { durationOf, type Node, type Trace } from "../../trace/tree.ts";
import type { Incident } from "./use-incident.ts";

/** The trace of the chosen request. The user looks for the span that took the time. */
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
          No span of this request names the fault: it was served before it, or after it.
        </p>
      )}
      <p role="status" className="verdict" data-testid="span-verdict">
        {chosen && <Verdict node={chosen} isFaulty={faulty.includes(chosen)} />}
      </p>
      <p>
        <a href={`/traces/${traceId}`} target="_blank" rel="noreferrer">
          Open it among the traces<span className="visually-hidden"> (in a new tab)</span>
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
        <strong className="number">{duration(durationOf(node))}</strong> and waited for nobody. Its attribute{" "}
        <code>lab.fault</code> says <code>{attribute(attributes, "lab.fault")}</code>.
      </>
    );
  const [below] = node.children.toSorted((a, b) => durationOf(b) - durationOf(a));
  if (!below) return <>No, this one was quick: {duration(durationOf(node))}.</>;
  return (
    <>
      No: <ServiceName name={service} /> spent {duration(durationOf(below))} of its{" "}
      {duration(durationOf(node))} waiting for what lies below it.
    </>
  );
}

/** Shown if no request is chosen. */
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
/** Traces of this request have about five spans. A larger one is cut. */
const MOST = 60;

interface Props {
  readonly trace: Trace;
  readonly faulty: readonly Node[];
  readonly chosen: Node | undefined;
  readonly onChoose: (key: string) => void;
}

/** A waterfall to choose a span from. The right span is marked when it is chosen. */
export function SpanChoice({ trace, faulty, chosen, onChoose }: Props) {
  const found = chosen !== undefined && faulty.includes(chosen);
  return (
    <ol className="span-choice" aria-label="Spans of this request: which one took the time?">
      {trace.nodes.slice(0, MOST).map((node) => {
        const { left, width, own } = rowOf(node, trace, NONE);
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
                {own.map((part) => (
                  <i
                    key={part.left}
                    className="span-bar own"
                    style={{ left: `${part.left}%`, width: `max(2px, ${part.width}%)` }}
                  />
                ))}
              </span>
              <span className="number span-time">{duration(durationOf(node))}</span>
            </button>
          </li>
        );
      })}
      {trace.nodes.length > MOST && (
        <li className="muted">
          {(trace.nodes.length - MOST).toLocaleString("en")} more spans of this trace are not listed here.
        </li>
      )}
    </ol>
  );
}
