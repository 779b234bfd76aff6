import { useQuery } from "@tanstack/react-query";
import { scaleLinear } from "d3-scale";
import { queryExemplars } from "../../api/prometheus.ts";
import { QueryProblem } from "../../app/components.tsx";
import { amount, clock } from "../../app/format.ts";
import { roundUp } from "../../app/ticks.ts";
import { Plot } from "../../timeline/plot.tsx";
import { type Exemplar, exemplarsOf, slowest, withoutOverlaps } from "./exemplars.ts";
import type { Incident } from "./use-incident.ts";

const LEAD_MS = 45_000;
const AFTER_MS = 20_000;
const MAX_EXEMPLARS = 150;
const LATE_SECONDS = 0.15;
const HEIGHT = 260;
const DOT_PX = 24;
const HISTOGRAM = 'lab_stream_excess_seconds_bucket{service_name=~"gateway|gateway-rest"}';

/** Step 3: shows the histogram's exemplars as points to choose from. */
export function ExemplarStep({ incident }: { incident: Incident }) {
  const { episodeState, timeOf, traceId, trace, chooseTrace } = incident;
  const { now } = episodeState;
  const start = timeOf("start") ?? now;
  const until = (timeOf("fix") ?? now) + AFTER_MS;
  const { data, error } = useQuery({
    queryKey: ["incident-exemplars", Math.round(start)],
    queryFn: ({ signal }) =>
      queryExemplars(
        HISTOGRAM,
        { from: (start - LEAD_MS) / 1000, to: Math.min(Date.now(), until) / 1000 },
        signal,
      ),
    refetchInterval: 2000,
  });
  const { shown: found, more } = exemplarsOf(data ?? [], LATE_SECONDS, MAX_EXEMPLARS);
  const late = slowest(found, start);
  const top = roundUp(Math.max(0.5, ...found.map(({ value }) => value)) * 1.1);
  const range = [start - LEAD_MS, Math.max(Math.min(now, until), start + LEAD_MS)] as const;
  const chosen = found.find((each) => each.traceId === traceId);
  return (
    <>
      <QueryProblem error={error} what="Exemplars" />
      <Plot
        title="Exemplars of the histogram: delay of each stream"
        lines={[]}
        unit="seconds"
        range={range}
        limit={LATE_SECONDS}
        height={HEIGHT}
        origin={start}
        top={top}
        shaded={[start, timeOf("fix") ?? now]}
      >
        {({ x, top: above, bottom }) => {
          const y = scaleLinear([0, top], [bottom, above]).clamp(true);
          const placed = found.map((exemplar) => ({
            exemplar,
            left: x(exemplar.at),
            top: y(exemplar.value),
          }));
          const shown = withoutOverlaps(placed, DOT_PX, traceId);
          return (
            <>
              {placed.map(({ exemplar, left, top: place }) => (
                <i
                  key={exemplar.traceId}
                  className="speck"
                  data-late={exemplar.value >= LATE_SECONDS}
                  style={{ left, top: place }}
                />
              ))}
              {shown.map(({ exemplar, left, top: place }) => (
                <Dot
                  key={exemplar.traceId}
                  exemplar={exemplar}
                  chosen={exemplar.traceId === traceId}
                  left={left}
                  top={place}
                  onChoose={() => chooseTrace(exemplar.traceId)}
                />
              ))}
            </>
          );
        }}
      </Plot>
      {more > 0 && (
        <p className="muted">
          {more.toLocaleString("en")} older {more === 1 ? "request is" : "requests are"} not drawn.
        </p>
      )}
      <div className="incident-action">
        <button
          type="button"
          className="button"
          disabled={!late || late.value < LATE_SECONDS}
          data-testid="choose-slowest"
          onClick={() => late && chooseTrace(late.traceId)}
        >
          Choose the slowest
        </button>
        <p className="number" role="status">
          {chosen && (
            <>
              The request of {clock(chosen.at, now)} at {chosen.service} was{" "}
              <strong>{amount(chosen.value, "seconds")}</strong> late.{" "}
              {chosen.value < LATE_SECONDS && "That is within the limit. Choose one above the line."}
            </>
          )}
          {traceId && !chosen && data && "The chosen request is no longer among the exemplars."}
          {found.length === 0 && data && "No exemplar yet. The first arrives within four seconds."}
          {traceId && trace.waiting && " Looking for its trace…"}
        </p>
      </div>
      <QueryProblem error={trace.error} what="The trace of that request" />
    </>
  );
}

interface DotProps {
  readonly exemplar: Exemplar;
  readonly chosen: boolean;
  readonly left: number;
  readonly top: number;
  readonly onChoose: () => void;
}

function Dot({ exemplar: { at, value, service, traceId }, chosen, left, top, onChoose }: DotProps) {
  const late = value >= LATE_SECONDS;
  const words = `${clock(at)}, ${service}: ${amount(value, "seconds")} late`;
  return (
    <button
      type="button"
      className="dot"
      aria-label={words}
      title={words}
      aria-pressed={chosen}
      // Only late requests are in the tab order.
      tabIndex={late || chosen ? 0 : -1}
      data-late={late}
      data-trace-id={traceId}
      data-testid={late ? "exemplar-late" : "exemplar"}
      style={{ left, top }}
      onClick={onChoose}
    />
  );
}
