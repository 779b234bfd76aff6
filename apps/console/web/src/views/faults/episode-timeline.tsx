import { Link } from "react-router";
import { Problem } from "../../app/components.tsx";
import { clock, elapsed } from "../../app/format.ts";
import { MilestoneList } from "../../timeline/milestone-list.tsx";
import { type FaultTimeline, STAGE_NAMES } from "../../timeline/milestones.ts";
import { NoTraffic } from "../../timeline/no-traffic.tsx";
import { rangeOf } from "../../timeline/scale.ts";
import { TimelineChart } from "../../timeline/timeline-chart.tsx";
import type { EpisodeState } from "../../timeline/use-episode-state.ts";
import { useSeries } from "../../timeline/use-series.ts";

interface Props {
  readonly episodeState: EpisodeState;
  /** The fault and the time in the URL. */
  readonly link: { readonly fault: string | undefined; readonly at: number | undefined };
}

/** Shows the timeline of the fault in the URL, or else of the active one, or else of the last one. */
export function EpisodeTimeline({ episodeState, link }: Props) {
  const { episode, timeline, errors, pending, now } = episodeState;
  return (
    <section className="card fault-timeline" aria-labelledby="timeline-title" data-testid="fault-timeline">
      <header>
        <h2 id="timeline-title">{episode ? <Title episodeState={episodeState} /> : "Timeline of a fault"}</h2>
        {episode && (
          <Link
            className="button small quiet"
            to={`/faults?fault=${episode.fault}&at=${Math.round(episode.start)}`}
            preventScrollReset
            title="A link to this timeline that you can share"
          >
            Link to this timeline
          </Link>
        )}
      </header>
      {[...new Map(errors.map((error) => [error.message, error])).values()].map((error) => (
        <Problem key={error.message} error={error} title="Parts of this timeline are not available." />
      ))}
      {episode && timeline && (
        <>
          {!timeline.complete && <NoTraffic signal={episodeState.expected.signal} />}
          <Drawn episodeState={episodeState} timeline={timeline} />
          <MilestoneList timeline={timeline} now={now} fixed={episode.fixed} />
          <Remarks timeline={timeline} />
          <p className="visually-hidden" role="status">
            {spoken(timeline)}
          </p>
        </>
      )}
      {!episode && !pending && errors.length === 0 && <p className="empty">{nothing(link, now)}</p>}
      {!episode && pending && <p className="empty">Loading…</p>}
    </section>
  );
}

function Title({ episodeState: { episode, timeline, now } }: Pick<Props, "episodeState">) {
  if (!episode) return null;
  const { fault, start, end } = episode;
  const state =
    end === undefined
      ? "is active"
      : timeline?.complete
        ? "is over"
        : "has ended, but its alerts are not resolved yet";
  return (
    <>
      <span className="mono timeline-name">{fault}</span> {state}
      <small className="muted number">
        {" "}
        {clock(start, now)}
        {end !== undefined && `, for ${elapsed(end - start)}`}
      </small>
    </>
  );
}

function Drawn({
  episodeState: { episode, expected, now },
  timeline,
}: {
  episodeState: EpisodeState;
  timeline: FaultTimeline;
}) {
  const start = episode?.start ?? 0;
  const [from, to] = rangeOf(timeline, now);
  const { data, error } = useSeries(expected.signal.query, from, timeline.complete ? { to } : {});
  if (!episode) return null;
  return (
    <>
      {error && <Problem error={error} title={`${expected.signal.title}: no data.`} />}
      <TimelineChart
        key={start}
        episode={episode}
        timeline={timeline}
        signal={expected.signal}
        points={data}
        now={now}
      />
    </>
  );
}

function Remarks({ timeline: { earlier, endedWithoutAlert } }: { timeline: FaultTimeline }) {
  return (
    <>
      {endedWithoutAlert && (
        <p className="muted">
          No alert fired, because the fault was too short or affected too few requests. A page requires at
          least three bad requests and six seconds.
        </p>
      )}
      {earlier.length > 0 && (
        <p className="muted">Not shown, because they fired before this fault: {earlier.join(", ")}.</p>
      )}
    </>
  );
}

function spoken({ milestones }: FaultTimeline): string {
  const latest = milestones
    .filter(({ at }) => at !== undefined)
    .sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
    .at(-1);
  if (!latest) return "";
  return `${STAGE_NAMES[latest.stage]}${latest.after === undefined ? "" : `, ${elapsed(latest.after * 1000)} later`}.`;
}

function nothing({ fault, at }: Props["link"], now: number): string {
  if (fault && at !== undefined)
    return now - at < 10_000
      ? `Waiting for the log line of ${fault}…`
      : `No record of ${fault} at ${clock(at, now)}: it was not set then, or its log lines were deleted.`;
  if (fault) return `${fault} was not set in the last hour.`;
  return "No fault was set in the last hour. Start one to see its timeline here.";
}
