import { RINGS } from "../../service-map/appearance.tsx";
import { ServiceMapDrawing } from "../../service-map/drawing.tsx";
import { framesToCalls } from "../frames/service-map.ts";
import { urlRange } from "../time/range.ts";
import type { PanelProps } from "./types.ts";

/** Tempo's name for a caller that sends no spans. There is no dashboard for it. */
const OUTSIDE = "user";

/** Draws the service map. Services link to their dashboard. */
export function NodeGraphPanel({ frames, width, height, scope, panel }: PanelProps) {
  const calls = framesToCalls(frames);
  const time = new URLSearchParams(urlRange(scope.range));
  return (
    <div className="node-graph-scroll" style={{ height }}>
      {calls.some(({ failed }) => failed === undefined) && (
        <p className="map-notice" role="status">
          Incomplete: Tempo reached its series limit. For dashed calls, failures are unknown.
        </p>
      )}
      <ServiceMapDrawing
        calls={calls}
        appearance={RINGS}
        label={panel.title || "Service map"}
        room={{ width, height }}
        hrefOf={({ name }) =>
          name === OUTSIDE ? undefined : `/d/lab-service?var-service=${encodeURIComponent(name)}&${time}`
        }
      />
    </div>
  );
}
