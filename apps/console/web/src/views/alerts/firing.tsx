import { ServiceName } from "../../app/components.tsx";
import { clock, elapsed } from "../../app/format.ts";
import { expressionHref, SafeLink } from "../../app/safe-link.tsx";
import type { ActiveGroup } from "./active.ts";
import { SeverityBadge, StateBadge } from "./badges.tsx";

const SUPPRESSIONS = {
  silenced: "Silenced. Alertmanager does not send it.",
  inhibited: "Inhibited by another alert. Alertmanager does not send it.",
} as const;

/** Lists the firing and pending alerts. */
export function Firing({
  alerts,
  filtered,
  now,
}: {
  alerts: readonly ActiveGroup[];
  filtered: boolean;
  now: number;
}) {
  if (alerts.length === 0)
    return (
      <p className="card all-well" data-testid="nothing-fires">
        <span className="all-well-mark" aria-hidden="true">
          ✓
        </span>
        {filtered ? "No firing alert matches the filter." : "No alert is firing."}
      </p>
    );
  return (
    <ul className="firing">
      {alerts.map((alert) => (
        <Alert key={alert.id} alert={alert} now={now} />
      ))}
    </ul>
  );
}

function Alert({ alert, now }: { alert: ActiveGroup; now: number }) {
  const { name, labels, annotations, state, since, parts, expressions, suppression } = alert;
  return (
    <li
      className="card alert"
      data-testid={`alert-${name}`}
      data-state={state}
      data-severity={labels.severity}
    >
      <header>
        <h3>{name}</h3>
        <StateBadge state={state} />
        <SeverityBadge severity={labels.severity} />
        <ServiceName name={labels.service_name} />
        <span className="alert-since number muted">
          for {elapsed(now - since)}
          <span className="visually-hidden">, since {clock(since, now)}</span>
        </span>
      </header>
      <p className="alert-summary">{annotations.summary}</p>
      {annotations.description && <p className="muted">{annotations.description}</p>}
      {suppression && <p className="alert-suppressed">{SUPPRESSIONS[suppression]}</p>}
      <p className="alert-links">
        <SafeLink href={annotations.runbook_url}>Runbook</SafeLink>
        <SafeLink href={annotations.dashboard_url}>Dashboard</SafeLink>
        {expressions.map((expression, index) => (
          <SafeLink key={expression} href={expressionHref(expression)}>
            Expression{expressions.length > 1 && parts[index] ? ` (${parts[index]})` : ""}
          </SafeLink>
        ))}
      </p>
    </li>
  );
}
