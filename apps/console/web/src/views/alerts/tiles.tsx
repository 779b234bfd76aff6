import { clock, elapsed } from "../../app/format.ts";

/** It comes once a minute; two that stay away are no chance. */
const LATE_MS = 150_000;

/** When the dead man's switch was last heard: as long as it is, alerts arrive. */
export function Heartbeat({ at, now }: { at: number | undefined; now: number }) {
  const late = at === undefined || now - at > LATE_MS;
  return (
    <div className="card tile" data-testid="heartbeat" data-level={late ? "bad" : "ok"}>
      <h2>Alerting itself</h2>
      <p className="tile-value number">{at === undefined ? "not heard yet" : late ? "silent" : "alive"}</p>
      <p className="muted number">
        {at === undefined
          ? "The dead man's switch is sent once a minute."
          : `Dead man's switch heard ${elapsed(now - at)} ago, at ${clock(at, now)}.`}
        {late && at !== undefined && " No other alert would arrive either."}
      </p>
    </div>
  );
}
