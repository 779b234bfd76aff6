import { Link } from "react-router";
import { clock, elapsed } from "../app/format.ts";
import { type FaultTimeline, type Milestone, STAGE_NAMES, STAGES } from "./milestones.ts";

/** Lists the milestones, each with its time and the time since the previous one. */
export function MilestoneList({
  timeline,
  now,
  fixed,
}: {
  timeline: FaultTimeline;
  now: number;
  fixed: boolean;
}) {
  const next = timeline.complete ? undefined : timeline.milestones.find(({ at }) => at === undefined)?.stage;
  return (
    <ol className="milestones">
      {timeline.milestones.map((milestone) => (
        <Item
          key={milestone.stage}
          milestone={milestone}
          waiting={milestone.stage === next}
          now={now}
          name={milestone.stage === "fix" && fixed ? "Fixed" : STAGE_NAMES[milestone.stage]}
        />
      ))}
    </ol>
  );
}

interface ItemProps {
  readonly milestone: Milestone;
  readonly waiting: boolean;
  readonly now: number;
  readonly name: string;
}

function Item({ milestone: { stage, at, after, traceId, alert }, waiting, now, name }: ItemProps) {
  return (
    <li
      className={`milestone ${stage}`}
      data-testid={`milestone-${stage}`}
      data-at={at}
      data-state={stateOf(at, waiting)}
    >
      <span className="milestone-number" aria-hidden="true">
        {STAGES.indexOf(stage) + 1}
      </span>
      <strong>{name}</strong>
      <span className="milestone-after number">
        {after !== undefined && `+ ${elapsed(after * 1000)}`}
        {at === undefined && (waiting ? "waiting…" : "–")}
      </span>
      <span className="milestone-more">
        {at !== undefined && <time dateTime={new Date(at).toISOString()}>{clock(at, now)}</time>}
        {traceId && <Link to={`/traces/${traceId}`}>its trace</Link>}
        {alert && <span className="milestone-alert">{alert}</span>}
      </span>
    </li>
  );
}

const stateOf = (at: number | undefined, waiting: boolean) =>
  at !== undefined ? "happened" : waiting ? "waiting" : "none";
