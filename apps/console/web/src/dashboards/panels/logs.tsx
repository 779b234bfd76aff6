import { dateTimeFormat } from "@grafana/data";
import { useState } from "react";
import { Link } from "react-router";
import { serviceColour } from "../../app/services.ts";
import { framesToLines, type LogLine } from "../frames/loki.ts";
import { flag } from "../model/read.ts";
import type { PanelProps } from "./types.ts";

const MOST = 500;

/** Lines of a log, newest first unless the panel says otherwise; a line of a trace leads to it. */
export function LogsPanel({ panel, frames, height, timeZone }: PanelProps) {
  const { options } = panel;
  const all = framesToLines(frames);
  const lines = numbered(all.slice(0, MOST));
  const ordered = options.sortOrder === "Ascending" ? lines.toReversed() : lines;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, which the keyboard must be able to do
    <ol className="log-lines" style={{ height }} tabIndex={0} aria-label={`${panel.title}: log lines`}>
      {ordered.map((line) => (
        <Line
          key={line.key}
          ns={line.ns}
          line={line.line}
          labels={line.labels}
          timeZone={timeZone}
          showTime={flag(options.showTime, true)}
          wrap={flag(options.wrapLogMessage, false)}
        />
      ))}
      {all.length > MOST && (
        <li className="panel-notice">
          Only the newest {MOST} of {all.length.toLocaleString("en")} lines are shown.
        </li>
      )}
    </ol>
  );
}

/** Lines of the same time are told apart by their place among them, so that what is open stays open in a refresh. */
function numbered(lines: readonly LogLine[]) {
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const place = seen.get(line.ns) ?? 0;
    seen.set(line.ns, place + 1);
    return { ...line, key: `${line.ns}-${place}` };
  });
}

interface LineProps extends LogLine {
  readonly timeZone: string;
  readonly showTime: boolean;
  readonly wrap: boolean;
}

function Line({ ns, line, labels, timeZone, showTime, wrap }: LineProps) {
  const [open, setOpen] = useState(false);
  const level = labels.level ?? labels.detected_level ?? "";
  const trace = labels.trace_id ?? labels.traceID ?? "";
  return (
    <li data-level={level} data-wrap={wrap}>
      <div className="log-line">
        <button
          type="button"
          aria-expanded={open}
          aria-label={open ? "Hide the details" : "Show the details"}
          onClick={() => setOpen(!open)}
        >
          {open ? "▾" : "▸"}
        </button>
        {showTime && (
          <time>{dateTimeFormat(Number(ns.slice(0, -6)), { timeZone, format: "HH:mm:ss.SSS" })}</time>
        )}
        {labels.service_name && (
          <i
            className="log-service"
            style={{ background: serviceColour(labels.service_name) }}
            title={labels.service_name}
          />
        )}
        <span className="log-text">{line}</span>
        {trace && (
          <Link
            className="log-trace"
            to={`/traces/${encodeURIComponent(trace)}`}
            aria-label="Open the trace of this line"
          >
            trace
          </Link>
        )}
      </div>
      {open && (
        <dl className="log-details">
          {Object.entries(labels)
            .sort(([one], [other]) => one.localeCompare(other))
            .map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
        </dl>
      )}
    </li>
  );
}
