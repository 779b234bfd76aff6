import { useCallback, useMemo } from "react";
import { clock } from "../app/format.ts";
import { text, useUrlChange, useUrlState } from "../url/state.ts";
import { QUICK, type Range, resolve, type UrlRange } from "./range.ts";

interface Props {
  readonly range: UrlRange;
  readonly now: () => Range;
  readonly onChoose: (range: UrlRange) => void;
}

/** Selects a time range. Adds a range from a link or a click on a bar to the list. */
export function RangeSelect({ range, now, onChoose }: Props) {
  const value = `${range.from} ${range.to}`;
  const known = QUICK.some(([from]) => value === `${from} now`);
  const exact = now();
  return (
    <label className="field">
      <span>Time</span>
      <select
        className="select"
        value={value}
        data-testid="range"
        onChange={({ target }) => {
          const [from = "", to = ""] = target.value.split(" ");
          onChoose({ from, to });
        }}
      >
        {!known && (
          <option value={value}>
            {clock(exact.from)} – {clock(exact.to)}
          </option>
        )}
        {QUICK.map(([from, name]) => (
          <option key={from} value={`${from} now`}>
            Last {name}
          </option>
        ))}
      </select>
    </label>
  );
}

const FROM = text("now-15m");
const TO = text("now");
const BY_DEFAULT: UrlRange = { from: "now-15m", to: "now" };

/** Returns the time range in a view's URL. `now()` resolves it to milliseconds. */
export function useRange() {
  const [from] = useUrlState("from", FROM);
  const [to] = useUrlState("to", TO);
  const change = useUrlChange();
  const range = useMemo(() => (resolve({ from, to }, Date.now()) ? { from, to } : BY_DEFAULT), [from, to]);
  const choose = useCallback(
    (next: UrlRange) => change({ from: FROM.write(next.from), to: TO.write(next.to) }),
    [change],
  );
  const now = useCallback((): Range => {
    const at = Date.now();
    return resolve(range, at) ?? { from: at - 900_000, to: at };
  }, [range]);
  return { range, choose, now } as const;
}
