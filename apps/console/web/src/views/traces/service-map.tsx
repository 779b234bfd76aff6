import { useQuery } from "@tanstack/react-query";
import { query } from "../../api/prometheus.ts";
import { Problem } from "../../app/problem.tsx";
import { oneOf } from "../../url/codecs.ts";
import { useUrlState } from "../../url/state.ts";
import { Drawing } from "./map/drawing.tsx";
import { EdgeTable } from "./map/edge-table.tsx";
import { edgesOf, questions } from "./map/read.ts";

const WINDOWS = ["1m", "5m", "15m", "1h"] as const;
const WINDOW = oneOf(WINDOWS, "5m");

/** Who calls whom, as Tempo has counted it from the spans. */
export function ServiceMap() {
  const [window, setWindow] = useUrlState("window", WINDOW);
  const { data, error } = useQuery({
    queryKey: ["service-map", window],
    queryFn: async ({ signal }) => {
      const asked = questions(window);
      const ask = (expr: string) => query(expr, undefined, signal);
      const [total, failed, p95] = await Promise.all([ask(asked.total), ask(asked.failed), ask(asked.p95)]);
      return edgesOf({ total, failed, p95 });
    },
    refetchInterval: 5000,
  });
  return (
    <>
      <div className="map-head">
        <p className="muted">Tempo draws this map from spans alone: nobody has told it who calls whom.</p>
        <label className="field">
          <span>Of the last</span>
          <select
            className="select"
            value={window}
            onChange={({ target }) => setWindow(WINDOW.read([target.value]))}
          >
            {WINDOWS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      {error && <Problem title="The map cannot be drawn." error={error} />}
      {data?.length === 0 && <p className="empty">Nobody called anybody in the last {window}.</p>}
      {data && data.length > 0 && (
        <>
          <Drawing edges={data} />
          <EdgeTable edges={data} />
        </>
      )}
    </>
  );
}
