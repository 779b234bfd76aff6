import { type CSSProperties, memo } from "react";
import { Link } from "react-router";
import { serviceColour } from "../app/services.ts";
import { exact } from "../range/time.ts";
import { toneOf } from "./levels.ts";
import { detailOf, errorOf, type Line, millisecondsOf } from "./read.ts";

interface Props {
  readonly line: Line;
  readonly open: boolean;
  readonly onToggle: () => void;
  readonly traceLink: boolean;
}

/** One log line. */
export const LineRow = memo(
  function LineRow({ line, open, onToggle, traceLink }: Props) {
    const error = errorOf(line);
    return (
      <li
        className="line"
        data-testid="line"
        data-level={line.level}
        data-service={line.service}
        style={{ "--service": serviceColour(line.service) } as CSSProperties}
      >
        <button type="button" className="line-head" aria-expanded={open} onClick={onToggle}>
          <time className="number" dateTime={isoOf(line)}>
            {exact(millisecondsOf(line.time))}
          </time>
          <span className={`badge ${toneOf(line.level)}`}>{line.level || "?"}</span>
          <span className="service">{line.service || "?"}</span>
          <span className="line-text">
            {line.message} <span className="muted">{detailOf(line)}</span>
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
    before.line === after.line && before.open === after.open && before.traceLink === after.traceLink,
);

const traceHref = ({ traceId, spanId }: Line) => `/traces/${traceId}${spanId ? `?span=${spanId}` : ""}`;

function isoOf({ time }: Line): string | undefined {
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
              <td>{readable(name, value)}</td>
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
          <Link to={traceHref(line)}>Its trace</Link>
          <Link to={`/logs?${new URLSearchParams({ trace: line.traceId })}`}>All lines of this trace</Link>
        </p>
      )}
    </div>
  );
}

/** An error's stack as its lines. */
function readable(name: string, value: string): string {
  if (name !== "err") return value;
  try {
    return JSON.stringify(JSON.parse(value), null, 2).replaceAll("\\n", "\n");
  } catch {
    return value;
  }
}
