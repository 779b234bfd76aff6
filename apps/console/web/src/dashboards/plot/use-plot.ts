import type { UPlotConfigBuilder } from "@grafana/ui";
import { useLayoutEffect, useReducer, useRef, useState } from "react";
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
