import { Link } from "react-router";
import type { Fault } from "../../api/faults.ts";
import { countdown } from "../../app/format.ts";
import { expectedOf } from "../../timeline/expected.ts";

interface Props {
  readonly fault: Fault;
  readonly now: number;
  /** Whether the fault is being started or stopped. */
  readonly busy: boolean;
  readonly shown: boolean;
  readonly forWords: string;
  readonly onStart: () => void;
  readonly onStop: () => void;
  readonly onWatch: () => void;
}

/** Shows one fault with its effect, its expected alerts, and buttons to start and stop it. */
export function FaultCard({ fault, now, busy, shown, forWords, onStart, onStop, onWatch }: Props) {
  const { name, effect, until, unavailableReason } = fault;
  const active = until !== undefined && until > now;
  const { client, alerts = [], shownBy } = expectedOf(name);
  const title = `fault-${name}`;
  return (
    <li
      className="card fault-card"
      data-testid={`fault-card-${name}`}
      data-active={active}
      data-shown={shown}
      aria-labelledby={title}
    >
      <header>
        <h2 id={title}>{name}</h2>
        {active && (
          <span className="badge fault">
            active · <span className="number">{countdown(until - now)}</span>
          </span>
        )}
      </header>
      <p>{sentence(effect)}</p>
      <dl className="expectations">
        {client && <Expectation name="Clients get">{client}</Expectation>}
        {alerts.length > 0 && (
          <Expectation name="Alert">
            {[...new Set(alerts.map((alert) => alert.name))].map((alert) => (
              <Link key={alert} to={`/alerts?q=${encodeURIComponent(alert)}`}>
                {alert}
              </Link>
            ))}
          </Expectation>
        )}
        {shownBy && <Expectation name="Cause logged by">{shownBy}</Expectation>}
      </dl>
      <footer>
        {unavailableReason ? (
          <p className="muted">{unavailableReason}</p>
        ) : active ? (
          <button type="button" className="button danger" disabled={busy} onClick={onStop}>
            Stop <span className="visually-hidden">{name}</span>
          </button>
        ) : (
          <button type="button" className="button" disabled={busy} onClick={onStart}>
            Start <span className="visually-hidden">{name}</span>
            <span className="muted">for {forWords}</span>
          </button>
        )}
        {active && !shown && (
          <button type="button" className="button quiet" onClick={onWatch}>
            Watch <span className="visually-hidden">{name}</span>
          </button>
        )}
      </footer>
    </li>
  );
}

function Expectation({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
