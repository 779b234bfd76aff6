import { QUICK, type Range, type UrlRange } from "./range.ts";
import { day } from "./time.ts";

interface Props {
  readonly range: UrlRange;
  readonly now: () => Range;
  readonly onChoose: (range: UrlRange) => void;
}

/** A choice of time ranges; one that came by a link or a click on a bar stands among them. */
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
            {day(exact.from)} – {day(exact.to)}
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
