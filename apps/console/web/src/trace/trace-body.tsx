import type { CSSProperties } from "react";
import { duration } from "../app/format.ts";
import { serviceColour } from "../app/services.ts";
import { SpanPanel } from "./span-panel.tsx";
import { servicesOf } from "./times.ts";
import type { Trace } from "./tree.ts";
import { Waterfall } from "./waterfall.tsx";

interface Props {
  readonly trace: Trace;
  readonly traceId: string;
  readonly label: string;
  readonly chosen: string | undefined;
  readonly onChoose: (key: string | undefined) => void;
}

/** Shows a trace with its services, its waterfall and the selected span. */
export function TraceBody({ trace, traceId, label, chosen, onChoose }: Props) {
  const node = chosen ? trace.nodes.find(({ span }) => span.key === chosen) : undefined;
  const skewed = trace.nodes.some(({ shift }) => shift !== 0);
  return (
    <div className="trace-body">
      <ul className="service-sums" aria-label="Services of this trace">
        {servicesOf(trace).map(({ name, spans, errors, selfTimeMs }) => (
          <li key={name} style={{ "--service": serviceColour(name) } as CSSProperties}>
            <span className="service">{name}</span>
            <span className="muted number">
              {spans === 1 ? "1 span" : `${spans.toLocaleString("en")} spans`} · self time{" "}
              {duration(selfTimeMs)}
            </span>
            {errors > 0 && <span className="badge bad">{errors === 1 ? "1 error" : `${errors} errors`}</span>}
          </li>
        ))}
      </ul>
      <div className="trace-columns">
        <Waterfall trace={trace} label={label} chosen={node && chosen} onChoose={onChoose} />
        {node && (
          <SpanPanel node={node} trace={trace} traceId={traceId} onClose={() => onChoose(undefined)} />
        )}
      </div>
      <p className="waterfall-legend muted">
        <span className="sample self-time">self time</span>
        <span className="sample waits">waiting for a child span</span>
        <span className="sample gap">gap: no child span recorded</span>
        <span>Click a span, or use the arrow keys and Enter, to see its attributes.</span>
      </p>
      <TraceRemarks remarks={trace.remarks} />
      {skewed && (
        <p className="muted">Some clocks differ: spans were moved into the calls that caused them.</p>
      )}
    </div>
  );
}

/** Lists the spans that the waterfall omits or changes. */
export const TraceRemarks = ({ remarks }: { readonly remarks: readonly string[] }) =>
  remarks.length > 0 && (
    <ul
      className="trace-remarks"
      aria-label="Spans that are not drawn as they were sent"
      data-testid="trace-remarks"
    >
      {remarks.map((remark) => (
        <li key={remark}>{remark}</li>
      ))}
    </ul>
  );
