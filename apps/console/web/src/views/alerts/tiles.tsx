import type { Slo } from "../../api/slo.ts";
import { amount, clock, elapsed } from "../../app/format.ts";
import type { ActiveGroup } from "./active.ts";

/** The heartbeat is sent once a minute, so at least two are missing after this time. */
const LATE_MS = 150_000;

/** Shows when the last heartbeat (alert Watchdog) arrived. Without heartbeats, other alerts do not arrive either. */
export function HeartbeatTile({ at, now }: { at: number | undefined; now: number }) {
  const late = at === undefined || now - at > LATE_MS;
  return (
    <div className="card tile" data-testid="heartbeat" data-level={late ? "bad" : "ok"}>
      <h2>Alerting</h2>
      <p className="tile-value number">{at === undefined ? "no heartbeat yet" : late ? "down" : "up"}</p>
      <p className="muted number">
        {at === undefined
          ? "A heartbeat (alert Watchdog) is sent once a minute."
          : `Last heartbeat ${elapsed(now - at)} ago, at ${clock(at, now)}.`}
        {late && at !== undefined && " Other alerts may not be delivered either."}
      </p>
    </div>
  );
}

/** Shows the number of firing alerts. */
export function FiringTile({ active, known }: { active: readonly ActiveGroup[]; known: boolean }) {
  const firing = active.filter(({ state }) => state === "firing");
  const pages = firing.filter(({ labels }) => labels.severity === "page").length;
  const pending = active.length - firing.length;
  const level = pages > 0 ? "bad" : firing.length > 0 ? "warn" : "ok";
  return (
    <div className="card tile" data-testid="firing-tile" data-level={known ? level : "unknown"}>
      <h2>Firing</h2>
      <p className="tile-value number">{!known ? "–" : firing.length === 0 ? "none" : firing.length}</p>
      <p className="muted number">
        {known &&
          `${count(pages, "page")}, ${count(firing.length - pages, "ticket")}${pending > 0 ? `, ${pending} pending` : ""}.`}
      </p>
    </div>
  );
}

/** Shows the objective with the least error budget. */
export function BudgetTile({ slos }: { slos: readonly Slo[] | undefined }) {
  const [worst] = (slos ?? [])
    .filter((slo) => slo.remainingBudget !== undefined)
    .sort((a, b) => (a.remainingBudget ?? 1) - (b.remainingBudget ?? 1));
  const left = worst?.remainingBudget ?? Number.NaN;
  const level = left < 0 ? "bad" : left < 0.25 ? "warn" : "ok";
  return (
    <div className="card tile" data-level={worst ? level : "unknown"}>
      <h2>Lowest error budget</h2>
      <p className="tile-value number">
        {worst ? (left < 0 ? "exceeded" : `${amount(left, "share")} left`) : "–"}
      </p>
      <p className="muted">{worst?.displayName}</p>
    </div>
  );
}

const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? "" : "s"}`;
