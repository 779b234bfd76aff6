import type { UPlotConfigBuilder } from "@grafana/ui";
import { useCallback, useEffect, useLayoutEffect, useReducer, useRef, useState } from "react";
import type uPlot from "uplot";

/** Returns the plot of a configuration for overlays, and renders them again when the plot is drawn. */
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
 * Keeps a value while a tooltip is pinned, because a refresh would close the tooltip. The tooltip must call `onPinned`
 * when it is pinned and when it is closed.
 */
export function useHeld<T>(value: T): readonly [T, (pinned: boolean) => void] {
  const [isPinned, setPinned] = useState(false);
  const held = useRef(value);
  if (!isPinned) held.current = value;
  return [held.current, useCallback((pinned: boolean) => setPinned(pinned), [])];
}

/** Calls `onPinned` when the tooltip is pinned and when it is closed. */
export function usePinned(isPinned: boolean, onPinned: (pinned: boolean) => void) {
  useEffect(() => {
    if (!isPinned) return;
    onPinned(true);
    return () => onPinned(false);
  }, [isPinned, onPinned]);
}
