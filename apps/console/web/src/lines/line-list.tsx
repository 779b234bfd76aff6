import "./lines.css";
import { type KeyboardEvent, memo, useState } from "react";
import { Link } from "react-router";
import { preciseClock } from "../app/format.ts";
import { serviceStyle } from "../app/services.ts";
import { levelTone } from "./levels.ts";
import { DETAILS, detailOf, errorOf, type Line, millisecondsOf } from "./read.ts";

interface Props {
  readonly lines: readonly Line[];
  readonly label: string;
  /** Whether lines link to their trace. Not needed if all lines belong to one known trace. */
  readonly traceLinks?: boolean;
  /** Whether the service name is hidden, for narrow layouts. */
  readonly dense?: boolean;
  /** Whether long lines are wrapped. An open line is always wrapped. */
  readonly wrap?: boolean;
  /** The fields to show after the message. */
  readonly details?: readonly string[];
  /** Formats the timestamp. If missing, timestamps are hidden. */
  readonly formatTime?: ((milliseconds: number) => string) | undefined;
  /** Returns whether a line is highlighted. */
  readonly isMarked?: (line: Line) => boolean;
}

/** Lists log lines. A click shows the fields of a line, and the arrow keys move from line to line. */
export function LineList(props: Props) {
  const { lines, label, traceLinks = true, dense = false, wrap = false, details = DETAILS, isMarked } = props;
  const formatTime = "formatTime" in props ? props.formatTime : preciseClock;
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set<string>());
  const toggle = (key: string) => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  return (
    <ol
      className="lines"
      aria-label={label}
      data-testid="line-list"
      data-many={lines.length > 100}
      data-dense={dense}
      data-wrap={wrap}
      data-timed={formatTime !== undefined}
      onKeyDown={moveFocus}
    >
      {lines.map((line) => (
        <LineRow
          key={line.key}
          line={line}
          time={formatTime?.(millisecondsOf(line.time))}
          detail={detailOf(line, details)}
          open={open.has(line.key)}
          marked={isMarked?.(line) ?? false}
          dense={dense}
          traceLink={traceLinks}
          onToggle={() => toggle(line.key)}
        />
      ))}
    </ol>
  );
}

function moveFocus(event: KeyboardEvent<HTMLOListElement>) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !(event.target instanceof HTMLElement) || !event.target.matches(".line-head")) return;
  const heads = [...event.currentTarget.querySelectorAll<HTMLElement>(".line-head")];
  heads[heads.indexOf(event.target) + step]?.focus();
  event.preventDefault();
}

interface LineRowProps {
  readonly line: Line;
  readonly time: string | undefined;
  readonly detail: string;
  readonly open: boolean;
  readonly marked: boolean;
  readonly dense: boolean;
  readonly traceLink: boolean;
  readonly onToggle: () => void;
}

const LineRow = memo(
  function LineRow({ line, time, detail, open, marked, dense, traceLink, onToggle }: LineRowProps) {
    const error = errorOf(line);
    return (
      <li
        className="line"
        data-testid="line"
        data-level={line.level}
        data-service={line.service}
        data-marked={marked}
        title={dense ? line.service : undefined}
        style={serviceStyle(line.service)}
      >
        <button type="button" className="line-head" aria-expanded={open} onClick={onToggle}>
          {time !== undefined && (
            <time className="number" dateTime={isoTime(line)}>
              {time}
            </time>
          )}
          <span className={`badge ${levelTone(line.level)}`}>{line.level || "?"}</span>
          {!dense && <span className="service">{line.service || "?"}</span>}
          <span className="line-text">
            {line.message} <span className="muted">{detail}</span>
            {error && <span className="line-error"> {error}</span>}
          </span>
        </button>
        {traceLink && line.traceId && (
          <Link
            className="line-trace"
            to={traceHref(line)}
            aria-label={`Trace of this line, ${line.traceId}`}
          >
            trace
          </Link>
        )}
        {open && <LineFields line={line} />}
      </li>
    );
  },
  (before, after) =>
    (["line", "time", "detail", "open", "marked", "dense", "traceLink"] as const).every(
      (name) => before[name] === after[name],
    ),
);

const traceHref = ({ traceId, spanId }: Line) => `/traces/${traceId}${spanId ? `?span=${spanId}` : ""}`;

function isoTime({ time }: Line): string | undefined {
  const date = new Date(millisecondsOf(time));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function LineFields({ line }: { line: Line }) {
  const labels = Object.entries(line.labels).filter(([name]) => !(name in line.fields));
  const fields = [...Object.entries(line.fields), ...labels];
  return (
    <div className="line-fields">
      <table aria-label="Fields of this line">
        <tbody>
          {fields.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{name === "err" ? readableError(value) : value}</td>
            </tr>
          ))}
          {fields.length === 0 && (
            <tr>
              <th scope="row">line</th>
              <td>{line.raw}</td>
            </tr>
          )}
        </tbody>
      </table>
      {line.traceId && (
        <p className="line-links">
          <Link to={traceHref(line)}>Open the trace</Link>
          <Link to={`/logs?${new URLSearchParams({ trace: line.traceId })}`}>All lines of this trace</Link>
        </p>
      )}
    </div>
  );
}

/** Formats an error with its stack trace on separate lines. */
function readableError(value: string): string {
  try {
    return JSON.stringify(JSON.parse(value), null, 2).replaceAll("\\n", "\n");
  } catch {
    return value;
  }
}
