import "./lines.css";
import { type KeyboardEvent, memo, type RefObject, useState } from "react";
import { Link } from "react-router";
import { preciseClock } from "../app/format.ts";
import { serviceStyle } from "../app/services.ts";
import { levelTone } from "./levels.ts";
import { DETAILS, detailOf, errorOf, type Line, nanosecondsToMs } from "./read.ts";
import { type Row, type Rows, useRowsInElement, useRowsInPage } from "./use-rows.ts";

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
  /** Formats the timestamp, by default as the time of day. `null` hides timestamps. */
  readonly formatTime?: ((milliseconds: number) => string) | null;
  /** Returns whether a line is highlighted. */
  readonly isMarked?: (line: Line) => boolean;
  /** The element in which the list scrolls. If missing, it scrolls with the page. */
  readonly scroller?: RefObject<HTMLElement | null>;
}

/** Lists log lines. A click shows the fields of a line, and the arrow keys move from line to line. */
export const LineList = (props: Props) =>
  props.scroller ? <ListInElement {...props} scroller={props.scroller} /> : <ListInPage {...props} />;

const ListInPage = (props: Props) => (
  <List {...props} {...useRowsInPage({ lines: props.lines, dense: props.dense ?? false })} />
);

const ListInElement = (props: Props & Required<Pick<Props, "scroller">>) => (
  <List
    {...props}
    {...useRowsInElement(props.scroller, { lines: props.lines, dense: props.dense ?? false })}
  />
);

function List(props: Props & Rows) {
  const { lines, label, traceLinks = true, dense = false, wrap = false, details = DETAILS, isMarked } = props;
  const { formatTime = preciseClock } = props;
  const { list, rows, height, measure, focus, onFocus } = props;
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set<string>());
  const toggle = (key: string) =>
    setOpen((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  return (
    <ol
      ref={list}
      className="lines"
      aria-label={label}
      data-testid="line-list"
      data-windowed={height !== undefined}
      data-dense={dense}
      data-wrap={wrap}
      data-timed={formatTime !== null}
      style={{ height }}
      onFocus={({ target }) => onFocus(indexOf(target))}
      onBlur={() => onFocus(undefined)}
      onKeyDown={(event) => moveFocus(event, focus)}
    >
      {rows.map((row) => {
        const line = lines[row.index];
        return (
          line && (
            <LineRow
              key={line.key}
              {...row}
              count={lines.length}
              line={line}
              time={formatTime?.(nanosecondsToMs(line.time))}
              detail={detailOf(line, details)}
              open={open.has(line.key)}
              marked={isMarked?.(line) ?? false}
              dense={dense}
              traceLink={traceLinks}
              onToggle={() => toggle(line.key)}
              measure={measure}
            />
          )
        );
      })}
    </ol>
  );
}

const indexOf = (element: Element) => Number(element.closest<HTMLElement>(".line")?.dataset.index);

function moveFocus(event: KeyboardEvent, focus: Rows["focus"]) {
  const { key, target } = event;
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (!step || !(target instanceof HTMLElement) || !target.matches(".line-head")) return;
  focus(indexOf(target) + step);
  event.preventDefault();
}

interface LineRowProps extends Row {
  /** The number of lines of the list. */
  readonly count: number;
  readonly line: Line;
  readonly time: string | undefined;
  readonly detail: string;
  readonly open: boolean;
  readonly marked: boolean;
  readonly dense: boolean;
  readonly traceLink: boolean;
  readonly onToggle: () => void;
  readonly measure: Rows["measure"];
}

/**
 * The properties that change what a row shows. Not the callbacks: `onToggle` is new in each render, and would render every
 * row again.
 */
const SHOWN = [
  "index",
  "top",
  "count",
  "line",
  "time",
  "detail",
  "open",
  "marked",
  "dense",
  "traceLink",
] as const satisfies readonly (keyof LineRowProps)[];

const LineRow = memo(
  function LineRow(props: LineRowProps) {
    const { index, top, count, line, time, detail, open, marked, dense, traceLink, onToggle, measure } =
      props;
    const error = errorOf(line);
    return (
      <li
        ref={top === undefined ? undefined : measure}
        className="line"
        data-index={index}
        aria-posinset={top === undefined ? undefined : index + 1}
        aria-setsize={top === undefined ? undefined : count}
        data-testid="line"
        data-level={line.level}
        data-service={line.service}
        data-marked={marked}
        title={dense ? line.service : undefined}
        style={{
          ...serviceStyle(line.service),
          ...(top !== undefined && { transform: `translateY(${top}px)` }),
        }}
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
  (before, after) => SHOWN.every((name) => before[name] === after[name]),
);

const traceHref = ({ traceId, spanId }: Line) => `/traces/${traceId}${spanId ? `?span=${spanId}` : ""}`;

function isoTime({ time }: Line): string | undefined {
  const date = new Date(nanosecondsToMs(time));
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
