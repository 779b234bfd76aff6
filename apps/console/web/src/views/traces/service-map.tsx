import { useQuery } from "@tanstack/react-query";
import { query } from "../../api/prometheus.ts";
import { Problem } from "../../app/problem.tsx";
import { oneOf } from "../../url/codecs.ts";
import { useUrlState } from "../../url/state.ts";
import { Drawing } from "./map/drawing.tsx";
import { EdgeTable } from "./map/edge-table.tsx";
import { graphOf, questions } from "./map/read.ts";
import { rate } from "./map/words.ts";

const WINDOWS = ["1m", "5m", "15m", "1h"] as const;
const WINDOW = oneOf(WINDOWS, "5m");

/** Which service calls which, as counted by Tempo from spans. */
export function ServiceMap() {
  const [window, setWindow] = useUrlState("window", WINDOW);
  const { data, error } = useQuery({
    queryKey: ["service-map", window],
    queryFn: async ({ signal }) => {
      const asked = questions(window);
      const ask = (expr: string) => query(expr, undefined, signal);
      const [total, failed, p95, refused] = await Promise.all([
        ask(asked.total),
        ask(asked.failed),
        ask(asked.p95),
        ask(asked.refused),
      ]);
      return graphOf({ total, failed, p95, refused });
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
      {data?.incomplete && <Incomplete window={window} />}
      {data && data.unnamed > 0 && (
        <p className="muted" data-testid="map-unnamed">
          Not drawn: {rate(data.unnamed)} calls whose caller or callee has no name.
        </p>
      )}
      {data?.edges.length === 0 && (
        <p className="empty">
          {data.incomplete
            ? `No calls are known of the last ${window}.`
            : `Nobody called anybody in the last ${window}.`}
        </p>
      )}
      {data && data.edges.length > 0 && (
        <>
          <Drawing edges={data.edges} />
          <EdgeTable edges={data.edges} />
        </>
      )}
    </>
  );
}

function Incomplete({ window }: { readonly window: string }) {
  return (
    <p className="banner map-incomplete" role="status" data-testid="map-incomplete">
      <strong>This map is incomplete.</strong> In the last {window} Tempo reached its limit of series made
      from spans and refused new ones. New services and calls are missing. Calls without a known failure may
      have failed: that is "unknown" here. Traces are complete.{" "}
      <a href="/docs/runbooks/SpanMetricsIncomplete">What to do</a>
    </p>
  );
}
