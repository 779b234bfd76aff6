import { useFaults } from "../../api/use-faults.ts";
import { QueryProblem } from "../../app/components.tsx";
import { amount, countdown, elapsed } from "../../app/format.ts";
import { NoTraffic } from "../../timeline/no-traffic.tsx";
import { Plot } from "../../timeline/plot.tsx";
import { lastOf, useSeries } from "../../timeline/use-series.ts";
import { FAULT } from "./steps.tsx";
import type { Incident } from "./use-incident.ts";

const BEFORE_MS = 60_000;

/** Step 1: sets the fault and shows the delay of streams. */
export function BreakStep({ incident }: { incident: Incident }) {
  const { episodeState, begun, active, begin, join, switching, timeOf } = incident;
  const { signal } = episodeState.expected;
  const unavailableReason = useFaults().data?.find(({ name }) => name === FAULT)?.unavailableReason;
  const { episode, now } = episodeState;
  const origin = begun ? (timeOf("start") ?? now) : Math.floor(now / BEFORE_MS) * BEFORE_MS;
  const { data, error } = useSeries(signal.query, origin - BEFORE_MS);
  const latest = lastOf(data);
  const suffers = timeOf("bad-request");
  return (
    <>
      <NoTraffic signal={signal} />
      <div className="incident-action">
        {active && begun ? (
          <p>
            <strong className="fault-name">{FAULT}</strong> is active. The fault ends automatically in{" "}
            <span className="number">{countdown((episode?.due ?? now) - now)}</span>.
          </p>
        ) : active && episode ? (
          <>
            <button
              type="button"
              className="button primary"
              onClick={() => join(episode.start)}
              data-testid="join"
            >
              Continue with the active fault
            </button>
            <p className="muted">
              {FAULT} was set {elapsed(now - episode.start)} ago.
            </p>
          </>
        ) : (
          <>
            <button
              type="button"
              className="button primary"
              disabled={switching || unavailableReason !== undefined}
              onClick={begin}
              data-testid="break"
            >
              {begun ? "Break it again" : "Break it"}
            </button>
            <p className="muted">
              {unavailableReason ?? (
                <>
                  Same as <code>npx lab break {FAULT} --for 5m</code>. The fault ends automatically.
                </>
              )}
            </p>
          </>
        )}
      </div>
      <QueryProblem error={error} what={signal.title} />
      <Plot
        title={signal.title}
        lines={[{ name: signal.title, points: data ?? [], colour: "var(--info)" }]}
        unit="seconds"
        range={[
          begun ? origin - BEFORE_MS / 2 : now - BEFORE_MS,
          begun ? Math.max(now, origin + BEFORE_MS / 2) : now,
        ]}
        limit={signal.limit}
        origin={begun ? origin : undefined}
        shaded={begun && episode ? [episode.start, episode.end ?? now] : undefined}
      />
      <p className="number">
        {latest !== undefined && (
          <>
            The slowest 10 % of streams are now at least <strong>{amount(latest, "seconds")}</strong> late.{" "}
          </>
        )}
        {suffers !== undefined && episode && (
          <>First affected request: {elapsed(suffers - episode.start)} after the fault was set.</>
        )}
      </p>
    </>
  );
}
