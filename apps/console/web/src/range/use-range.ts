import { useCallback, useMemo } from "react";
import { text } from "../url/codecs.ts";
import { useUrlChange, useUrlState } from "../url/state.ts";
import { type Range, resolve, type UrlRange } from "./range.ts";

const FROM = text("now-15m");
const TO = text("now");
const BY_DEFAULT: UrlRange = { from: "now-15m", to: "now" };

/** The time range of a view: in its URL. `now()` gives it in milliseconds, at the moment of the call. */
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
