import "../../timeline/timeline.css";
import "./faults.css";
import { useEffect, useRef, useState } from "react";
import { isFaultName } from "../../api/faults.ts";
import { useFaultSwitch, useFaults } from "../../api/use-faults.ts";
import { Problem } from "../../app/components.tsx";
import { useNow, useTitle } from "../../app/hooks.ts";
import { useEpisodeState } from "../../timeline/use-episode-state.ts";
import { oneOf, text, useUrlChange, useUrlState, wholeNumber } from "../../url/state.ts";
import { EpisodeTimeline } from "./episode-timeline.tsx";
import { FaultCard } from "./fault-card.tsx";

const LENGTHS = { "30s": "30 s", "1m": "1 min", "2m": "2 min", "5m": "5 min", "15m": "15 min" } as const;
const MILLISECONDS = { "30s": 30_000, "1m": 60_000, "2m": 120_000, "5m": 300_000, "15m": 900_000 } as const;
type Length = keyof typeof LENGTHS;

const LENGTH = oneOf(Object.keys(LENGTHS) as Length[], "2m");
const NAME = text();
/** Unix time in milliseconds, up to the maximum of `Date`. */
const AT = wholeNumber(0, { max: 8_640_000_000_000 });

/** `/faults`: sets faults and shows their timelines. `?fault=slow-b&at=1764000000000` selects one timeline. */
export default function Faults() {
  useTitle("Faults");
  const [length, setLength] = useUrlState("for", LENGTH);
  const [faultParam] = useUrlState("fault", NAME);
  const [time] = useUrlState("at", AT);
  const change = useUrlChange();
  const fault = isFaultName(faultParam) ? faultParam : undefined;
  const at = fault && time > 0 ? time : undefined;
  const faults = useFaults();
  const episodeState = useEpisodeState(fault, at);
  const switches = useFaultSwitch();
  const now = useNow(500);
  const timeline = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  const [said, setSaid] = useState("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: scroll when the selected timeline is loaded
  useEffect(() => {
    if (moved.current && episodeState.episode)
      timeline.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    moved.current = false;
  }, [episodeState.episode?.start]);

  const show = (name: string, moment?: number) => {
    change({ fault: [name], at: moment === undefined ? [] : [String(moment)] });
    moved.current = true;
  };
  const start = (name: string) => {
    const moment = Date.now();
    switches.mutate(
      { name, forMs: MILLISECONDS[length] },
      {
        onSuccess: () => {
          setSaid(`${name} is active for ${LENGTHS[length]}. The timeline follows it.`);
          show(name, moment);
        },
      },
    );
  };
  const stop = (name: string) =>
    switches.mutate({ name }, { onSuccess: () => setSaid(`${name} has ended.`) });

  return (
    <section className="page faults">
      <h1>Faults</h1>
      <p className="lead">
        Break the running lab on purpose. An alert fires, an exemplar leads to a trace, and the trace leads to
        the log line that names the cause. Every fault ends automatically.
      </p>
      <fieldset className="fault-length">
        <legend className="label">Duration</legend>
        <div className="segments">
          {(Object.keys(LENGTHS) as Length[]).map((each) => (
            <button
              key={each}
              type="button"
              className="button"
              aria-pressed={each === length}
              onClick={() => setLength(each, { replace: true })}
            >
              {LENGTHS[each]}
            </button>
          ))}
        </div>
      </fieldset>
      {faults.error && <Problem error={faults.error} title="The faults are not available." />}
      {switches.error && <Problem error={switches.error} title="The fault was not changed." />}
      {faultParam !== "" && !fault && <p className="problem">Unknown fault.</p>}
      {faults.isPending && <p className="muted">Loading…</p>}
      <ul className="fault-cards">
        {faults.data?.map((each) => (
          <FaultCard
            key={each.name}
            fault={each}
            now={now}
            busy={switches.isPending && switches.variables.name === each.name}
            shown={episodeState.episode?.fault === each.name && episodeState.episode.end === undefined}
            forWords={LENGTHS[length]}
            onStart={() => start(each.name)}
            onStop={() => stop(each.name)}
            onWatch={() => show(each.name)}
          />
        ))}
      </ul>
      <div ref={timeline} className="timeline-place">
        <EpisodeTimeline episodeState={episodeState} link={{ fault, at }} />
      </div>
      <p className="visually-hidden" role="status">
        {said}
      </p>
    </section>
  );
}
