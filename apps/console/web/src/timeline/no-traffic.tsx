import { Link } from "react-router";
import { useNow } from "../app/hooks.ts";
import type { Signal } from "./expected.ts";
import { lastOf, useSeries } from "./use-series.ts";

/** Warns if there are no requests, because a fault then has no effect and no alert fires. */
export function NoTraffic({ signal: { traffic } }: { signal: Signal }) {
  const minute = Math.floor(useNow(60_000) / 60_000) * 60_000;
  const { data } = useSeries(traffic, minute - 30_000);
  if (data === undefined || (lastOf(data) ?? 0) > 0.01) return null;
  return (
    <p className="problem no-traffic" role="status">
      <strong>There is no traffic.</strong>
      <span>
        Without requests a fault has no effect. <code>npm start</code> starts demo traffic;{" "}
        <code>LAB_TRAFFIC_RPS=4</code> sets its rate. Or send requests yourself: <Link to="/">Try it</Link>.
      </span>
    </p>
  );
}
