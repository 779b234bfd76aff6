import type { UPlotConfigBuilder } from "@grafana/ui";
import { useCallback, useEffect, useLayoutEffect, useReducer, useRef, useState } from "react";
import type uPlot from "uplot";

/** The plot that a configuration makes, for what lies on top of it: drawn anew whenever the plot is. */
export function usePlot(config: UPlotConfigBuilder): uPlot | undefined {
  const [plot, setPlot] = useState<uPlot>();
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const frame = useRef(0);
  useLayoutEffect(() => {
    let gone = false;
    config.addHook("ready", (ready) => !gone && setPlot(ready));
    config.addHook("draw", () => {
      cancelAnimationFrame(frame.current);
      frame.current = requestAnimationFrame(() => !gone && redraw());
    });
    config.addHook("destroy", () => setPlot(undefined));
    return () => {
      gone = true;
      cancelAnimationFrame(frame.current);
    };
  }, [config]);
  return plot;
}

/**
 * Holds a value for as long as somebody has pinned a tooltip: a refresh would close it. Give `onPinned` to the tooltip,
 * which tells when it is pinned and when it goes.
 */
export function useHeld<T>(value: T): readonly [T, (pinned: boolean) => void] {
  const [isPinned, setPinned] = useState(false);
  const held = useRef(value);
  if (!isPinned) held.current = value;
  return [held.current, useCallback((pinned: boolean) => setPinned(pinned), [])];
}

/** Tells that a tooltip is pinned, for as long as it is there. */
export function usePinned(isPinned: boolean, onPinned: (pinned: boolean) => void) {
  useEffect(() => {
    if (!isPinned) return;
    onPinned(true);
    return () => onPinned(false);
  }, [isPinned, onPinned]);
}
