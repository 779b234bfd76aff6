import { QueryProblem } from "../../app/components.tsx";
import { clock, elapsed } from "../../app/format.ts";
import { Plot } from "../../timeline/plot.tsx";
import { useSeries } from "../../timeline/use-series.ts";
import type { Incident } from "./use-incident.ts";

const LEAD_MS = 20_000;
const HOLD_MS = 6000;
const PAGE_RATE = 14.4;
/** Returns PromQL for the burn rate, with the windows of the demo and of production. */
const burn = (windows: string) => `max(slo:burn_rate{slo=~".+-numbers-pace",window=~"${windows}"})`;

/** Step 2: shows the burn rate in both windows and the state of the alert. */
export function AlertStep({ incident }: { incident: Incident }) {
  const { episodeState, timeOf } = incident;
  const { now } = episodeState;
  const start = timeOf("start") ?? now;
  const long = useSeries(burn("2m|1h"), start - LEAD_MS);
  const short = useSeries(burn("10s|5m"), start - LEAD_MS);
  return (
    <>
      <AlertState incident={incident} />
      <QueryProblem error={long.error ?? short.error} what="Burn rate" />
      <Plot
        title="Burn rate of the pace objective"
        lines={[
          { name: "last 10 s", points: short.data ?? [], colour: "var(--warn)" },
          { name: "last 2 min", points: long.data ?? [], colour: "var(--info)" },
        ]}
        unit="rate"
        range={[
          start - LEAD_MS,
          Math.max(Math.min(now, (timeOf("resolved") ?? now) + LEAD_MS), start + 40_000),
        ]}
        limit={PAGE_RATE}
        origin={start}
        shaded={[start, timeOf("fix") ?? now]}
      />
    </>
  );
}

/** Shows the current state of the alert and its duration. */
export function AlertState({
  incident: {
    timeOf,
    episodeState: { now },
  },
}: {
  incident: Incident;
}) {
  const [pending, firing, delivered, resolved] = [
    timeOf("pending"),
    timeOf("firing"),
    timeOf("delivered"),
    timeOf("resolved"),
  ];
  const state = resolved ? "resolved" : firing ? "firing" : pending ? "pending" : "inactive";
  return (
    <div className="alert-state" data-testid="alert-state" data-state={state}>
      <strong>SloPaceBurn</strong>
      <span className="alert-state-word">{state}</span>
      <span className="number" aria-live="off">
        {state === "inactive" && "The burn rate is not above the limit in both windows yet."}
        {state === "pending" &&
          pending &&
          `for ${elapsed(now - pending)}; it fires after ${elapsed(HOLD_MS)}`}
        {state === "firing" && firing && `for ${elapsed(now - firing)}`}
        {state === "firing" &&
          timeOf("fix") !== undefined &&
          "; it is resolved when the short window recovers, within a minute"}
        {state === "resolved" && resolved && `at ${clock(resolved, now)}`}
      </span>
      {delivered !== undefined && firing !== undefined && (
        <span className="number alert-state-sent">
          Alertmanager delivered it {elapsed(Math.max(0, delivered - firing))} after it fired.
        </span>
      )}
    </div>
  );
}
