import { dateTimeFormat } from "@grafana/data";
import { useRef } from "react";
import { readFlag } from "../../app/json.ts";
import { LineList } from "../../lines/line-list.tsx";
import { framesToLines } from "../frames/loki.ts";
import type { PanelProps } from "./types.ts";

const MAX_LINES = 500;

/** Lists log lines, newest first unless the panel sets another order. Lines with a trace id link to the trace. */
export function LogsPanel({ panel, frames, height, timeZone }: PanelProps) {
  const { options } = panel;
  const scroller = useRef<HTMLDivElement>(null);
  const all = framesToLines(frames);
  const lines = all.slice(0, MAX_LINES);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must be able to scroll it
    <div ref={scroller} className="panel-lines" style={{ height }} tabIndex={0}>
      <LineList
        lines={options.sortOrder === "Ascending" ? lines.toReversed() : lines}
        label={`${panel.title}: log lines`}
        dense
        scroller={scroller}
        wrap={readFlag(options.wrapLogMessage, false)}
        formatTime={
          readFlag(options.showTime, true)
            ? (ms) => dateTimeFormat(ms, { timeZone, format: "HH:mm:ss.SSS" })
            : null
        }
      />
      {all.length > MAX_LINES && (
        <p className="panel-notice">
          Only the newest {MAX_LINES} of {all.length.toLocaleString("en")} lines are shown.
        </p>
      )}
    </div>
  );
}
