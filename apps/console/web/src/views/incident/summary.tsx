import { useEffect, useRef } from "react";
import { Link } from "react-router";
import { elapsed } from "../../app/format.ts";
import { MilestoneList } from "../../timeline/milestone-list.tsx";
import { rangeOf } from "../../timeline/scale.ts";
import { TimelineChart } from "../../timeline/timeline-chart.tsx";
import { useSeries } from "../../timeline/use-series.ts";
import { FAULT } from "./steps.tsx";
import type { Incident } from "./use-incident.ts";

/** Summarizes the durations of the incident, with links to continue. */
export function Summary({ incident, focus }: { incident: Incident; focus: boolean }) {
  const { episodeState, timeOf, begun, startOver, goTo, active } = incident;
  const { episode, timeline, expected, now } = episodeState;
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the summary opens
  useEffect(() => {
    if (focus) heading.current?.focus();
  }, []);
  const [from, to] = timeline ? rangeOf(timeline, now) : [now, now];
  const { data } = useSeries(expected.signal.query, from, timeline?.complete ? { to } : {});
  const between = (first: "start" | "fix", second: "firing" | "delivered" | "fix" | "resolved") => {
    const [a, b] = [timeOf(first), timeOf(second)];
    return a === undefined || b === undefined ? "–" : elapsed(b - a);
  };
  return (
    <section className="card incident-step" aria-labelledby="summary-title" data-testid="incident-summary">
      <h2 id="summary-title" ref={heading} tabIndex={-1}>
        {begun && !active
          ? "You have followed an incident from its alert to its cause"
          : "The guided incident is over"}
      </h2>
      {!begun && <p>No fault was set, so there is no summary. Start with step 1.</p>}
      {active && begun && (
        <p className="problem">
          <span>
            {FAULT} is still active.{" "}
            <button type="button" className="button small" onClick={() => goTo("5")}>
              Back to the fix
            </button>
          </span>
        </p>
      )}
      {begun && episode && timeline && (
        <>
          <dl className="summary-times">
            <Time what="Break to alert" value={between("start", "firing")} id="break-alert" />
            <Time what="Break to inbox" value={between("start", "delivered")} id="break-inbox" />
            <Time what="Broken for" value={between("start", "fix")} id="broken" />
            <Time what="Fix to resolved" value={between("fix", "resolved")} id="fix-resolved" />
          </dl>
          <TimelineChart
            episode={episode}
            timeline={timeline}
            signal={expected.signal}
            points={data}
            now={now}
          />
          <MilestoneList timeline={timeline} now={now} fixed={episode.fixed} />
        </>
      )}
      <div>
        <h3>Next steps</h3>
        <ul className="what-next">
          <li>
            <Link to="/faults">Other faults</Link>, and the alerts that each one raises. The alert of{" "}
            <code>crash-b</code> inhibits the alerts that it explains.
          </li>
          <li>
            <a href="/docs/runbooks/SloPaceBurn">The runbook of this alert</a>: what to do if no fault was
            set.
          </li>
          <li>
            <Link to="/d/lab-slo?var-slo=gateway-numbers-pace">The objective's dashboard</Link>: how much
            error budget this incident used.
          </li>
          <li>
            <Link to="/">Send a request</Link> and follow it.
          </li>
        </ul>
      </div>
      <div className="incident-buttons">
        <button type="button" className="button" onClick={startOver} data-testid="start-over">
          Start over
        </button>
      </div>
    </section>
  );
}

function Time({ what, value, id }: { what: string; value: string; id: string }) {
  return (
    <div>
      <dt>{what}</dt>
      <dd className="number" data-testid={`time-${id}`}>
        {value}
      </dd>
    </div>
  );
}
