import type { CSSProperties } from "react";
import { duration } from "../../app/duration.ts";
import { serviceColour } from "../../app/services.ts";
import { rowOf } from "../../trace/rows.ts";
import { durationOf, type Node, type Trace } from "../../trace/tree.ts";
import { Service } from "../alerts/badges.tsx";

const NONE: ReadonlySet<string> = new Set();
/** Traces of this request have about five spans; one of another kind is cut, not drawn for minutes. */
const MOST = 60;

interface Props {
  readonly trace: Trace;
  readonly guilty: readonly Node[];
  readonly chosen: Node | undefined;
  readonly onChoose: (key: string) => void;
}

/** A waterfall whose spans can be chosen. The right one is marked once it is found. */
export function SpanChoice({ trace, guilty, chosen, onChoose }: Props) {
  const found = chosen !== undefined && guilty.includes(chosen);
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
              data-testid={guilty.includes(node) ? "guilty-span" : "span"}
              data-guilty={found && guilty.includes(node)}
              style={{ "--service": serviceColour(span.service), "--depth": depth } as CSSProperties}
              onClick={() => onChoose(span.key)}
            >
              <span className="span-name">
                <Service name={span.service} />
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
