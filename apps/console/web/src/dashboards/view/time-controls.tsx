import { dateTimeFormat } from "@grafana/data";
import { type FormEvent, useState } from "react";
import type { DashboardTime } from "../hooks/use-time.ts";
import { QUICK_RANGES, REFRESH_CHOICES } from "../time/quick-ranges.ts";
import { moved, readRange } from "../time/range.ts";
import { Menu } from "./menu.tsx";

interface TimeControlsProps {
  readonly time: DashboardTime;
  readonly timeZone: string;
}

/** Controls for the time range and the refresh interval. */
export function TimeControls({ time, timeZone }: TimeControlsProps) {
  const { range, refresh, setRange, setRefresh, refreshNow } = time;
  const move = (how: "back" | "forward" | "out") => {
    const { from, to } = moved(range, how);
    setRange(from, to);
  };
  return (
    <div className="time-controls">
      <div className="segments">
        <button
          type="button"
          className="button icon-button"
          aria-label="Earlier"
          title="Earlier by half of the range"
          onClick={() => move("back")}
        >
          ‹
        </button>
        <Menu label={<span className="time-label">{labelOf(time, timeZone)}</span>} title="Time range">
          {(close) => (
            <RangeForm
              time={time}
              timeZone={timeZone}
              onChosen={(from, to) => {
                close();
                setRange(from, to);
              }}
            />
          )}
        </Menu>
        <button
          type="button"
          className="button icon-button"
          aria-label="Later"
          title="Later by half of the range"
          onClick={() => move("forward")}
        >
          ›
        </button>
        <button
          type="button"
          className="button icon-button"
          aria-label="Zoom out"
          title="Double the range"
          onClick={() => move("out")}
        >
          −
        </button>
      </div>
      <div className="segments">
        <button
          type="button"
          className="button icon-button"
          aria-label="Refresh"
          title="Refresh now"
          onClick={refreshNow}
        >
          ⟳
        </button>
        <select
          className="select refresh-select"
          aria-label="Refresh every"
          value={refresh}
          onChange={({ target }) => setRefresh(target.value)}
        >
          {choices(refresh).map((choice) => (
            <option key={choice} value={choice}>
              {choice || "Off"}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}

const choices = (current: string): readonly string[] =>
  REFRESH_CHOICES.some((choice) => choice === current) ? REFRESH_CHOICES : [...REFRESH_CHOICES, current];

function labelOf({ rawFrom, rawTo, range }: DashboardTime, timeZone: string): string {
  const quick = rawTo === "now" ? QUICK_RANGES.find(([from]) => from === rawFrom) : undefined;
  if (quick) return quick[1];
  const write = (raw: string, ms: number) => (raw.startsWith("now") ? raw : dateTimeFormat(ms, { timeZone }));
  return `${write(rawFrom, range.from.valueOf())} to ${write(rawTo, range.to.valueOf())}`;
}

interface RangeFormProps extends TimeControlsProps {
  readonly onChosen: (from: string, to: string) => void;
}

function RangeForm({ time: { rawFrom, rawTo, range }, timeZone, onChosen }: RangeFormProps) {
  const written = (raw: string, ms: number) =>
    raw.startsWith("now") ? raw : dateTimeFormat(ms, { timeZone });
  const [from, setFrom] = useState(written(rawFrom, range.from.valueOf()));
  const [to, setTo] = useState(written(rawTo, range.to.valueOf()));
  const read = readRange(from.trim(), to.trim());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!read) return;
    const url = (text: string, ms: number) => (text.trim().startsWith("now") ? text.trim() : String(ms));
    onChosen(url(from, read.from.valueOf()), url(to, read.to.valueOf()));
  };
  return (
    <div className="range-form">
      <form onSubmit={submit}>
        <label className="field">
          <span>From</span>
          <input
            className="input"
            value={from}
            aria-invalid={!read}
            onChange={({ target }) => setFrom(target.value)}
          />
        </label>
        <label className="field">
          <span>To</span>
          <input
            className="input"
            value={to}
            aria-invalid={!read}
            onChange={({ target }) => setTo(target.value)}
          />
        </label>
        <p className="muted">
          {read
            ? "now-15m, now-2d/d, 2026-11-25 18:30:00"
            : "The times are invalid, or the end is before the start."}
        </p>
        <button type="submit" className="button primary" disabled={!read}>
          Apply
        </button>
      </form>
      <ul className="quick-ranges">
        {QUICK_RANGES.map(([quick, name]) => (
          <li key={quick}>
            <button
              type="button"
              aria-current={rawFrom === quick && rawTo === "now"}
              onClick={() => onChosen(quick, "now")}
            >
              {name}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
