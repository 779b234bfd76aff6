import type { CSSProperties } from "react";
import { duration } from "../app/format.ts";
import { serviceColour } from "../app/services.ts";
import type { Part, Row } from "./times.ts";
import { durationOf, MAX_EVENTS, MAX_INDENT, startOf, type Trace } from "./tree.ts";

interface Props {
  readonly row: Row;
  readonly trace: Trace;
  readonly index: number;
  readonly active: boolean;
  readonly chosen: boolean;
  readonly onActive: () => void;
  readonly onChoose: () => void;
  readonly onOpen: (open: boolean) => void;
}

const placed = ({ left, width }: Part): CSSProperties => ({ left: `${left}%`, width: `${width}%` });

/** Shows one span with service, name, bar and duration. */
export function SpanRow({ row, trace, index, active, chosen, onActive, onChoose, onOpen }: Props) {
  const { node, open } = row;
  const { span, depth, children, orphan, cyclic } = node;
  const inBar = (part: Part): CSSProperties => ({
    left: `${row.width > 0 ? ((part.left - row.left) / row.width) * 100 : 0}%`,
    width: `${row.width > 0 ? (part.width / row.width) * 100 : 100}%`,
  });
  return (
    <tr
      className="span-row"
      style={
        {
          "--service": serviceColour(span.service),
          "--depth": Math.min(depth, MAX_INDENT),
        } as CSSProperties
      }
      aria-level={depth + 1}
      aria-rowindex={index + 2}
      aria-selected={chosen}
      aria-expanded={children.length > 0 ? open : undefined}
      data-testid="span"
      data-service={span.service}
      data-error={span.error}
      tabIndex={active ? 0 : -1}
      onFocus={onActive}
      onClick={onChoose}
    >
      <td className="span-name">
        {children.length > 0 ? (
          <button
            type="button"
            className="twist"
            tabIndex={-1}
            aria-label={open ? "Hide the spans below" : "Show the spans below"}
            onClick={(event) => {
              event.stopPropagation();
              onOpen(!open);
            }}
          >
            {open ? "▾" : "▸"}
          </button>
        ) : (
          <span className="twist" />
        )}
        <span className="service">{span.service}</span>
        <span className="span-title" title={span.name}>
          {span.name}
        </span>
        {span.error && <span className="badge bad">error</span>}
        {orphan && <span className="badge warn">parent missing</span>}
        {cyclic && <span className="badge warn">parent cycle</span>}
      </td>
      <td className="span-time">
        <span className="span-bar" style={placed(row)} data-leaf={children.length === 0}>
          {row.selfTime.map((part) => (
            <span key={part.left} className="self-time" style={inBar(part)} />
          ))}
          {row.gaps.map((gap) => (
            <span key={gap.left} className="gap" style={inBar(gap)} title={`A gap of ${duration(gap.ms)}`} />
          ))}
        </span>
        {span.events.slice(0, MAX_EVENTS).map((event, at) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: events have no unique name
            key={at}
            className="span-event"
            title={event.name}
            style={{
              left: `${((event.at + node.shift - trace.from) / (trace.to - trace.from || 1)) * 100}%`,
            }}
          />
        ))}
        <span className="visually-hidden">starts at {duration(startOf(node) - trace.from)}</span>
      </td>
      <td className="span-duration number">{duration(durationOf(node))}</td>
    </tr>
  );
}
