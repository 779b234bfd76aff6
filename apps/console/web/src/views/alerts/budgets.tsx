import { Link } from "react-router";
import { burnLevel, type Slo } from "../../api/slo.ts";
import { ServiceName } from "../../app/components.tsx";
import { amount } from "../../app/format.ts";

const LEVELS = {
  page: "over 6, the lowest threshold of a page",
  ticket: "over 1, the lowest threshold of a ticket",
  burning: "at most 1",
  ok: "nothing is used",
} as const;

/** Shows each objective with its remaining budget and burn rates. */
export function Budgets({ slos }: { slos: readonly Slo[] }) {
  if (slos.length === 0)
    return (
      <p className="muted">No objective is recorded yet: Prometheus evaluates the rules every few seconds.</p>
    );
  return (
    <ul className="budgets">
      {slos.map((slo) => (
        <Budget key={slo.name} slo={slo} />
      ))}
    </ul>
  );
}

function Budget({
  slo: { name, displayName, service, target, period, remainingBudget, burnRates },
}: {
  slo: Slo;
}) {
  return (
    <li className="card budget" data-testid={`slo-${name}`}>
      <h3>
        <Link to={`/d/lab-slo?var-slo=${encodeURIComponent(name)}`}>{displayName}</Link>
      </h3>
      <p className="budget-promise muted">
        <ServiceName name={service} />
        <span>
          {Number((target * 100).toFixed(4))} % in {period}
        </span>
      </p>
      <BudgetBar name={displayName} budget={remainingBudget} />
      <dl className="burn-rates" aria-label="Burn rate by window">
        {burnRates.map(({ window, rate }) => (
          <div
            key={window}
            data-level={burnLevel(rate)}
            title={`Burn rate over ${window}: ${LEVELS[burnLevel(rate)]}`}
          >
            <dt>{window}</dt>
            <dd className="number">{Number.isFinite(rate) ? amount(rate, "rate") : "–"}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

function BudgetBar({ name, budget }: { name: string; budget: number | undefined }) {
  if (budget === undefined)
    return <p className="muted">The budget is not recorded yet. Prometheus records it every 30 s.</p>;
  const left = Math.min(1, Math.max(0, budget));
  const level = budget < 0 ? "exceeded" : budget < 0.25 ? "low" : "well";
  const words =
    budget < 0 ? `exceeded: ${amount(1 - budget, "rate")} × the budget` : `${percent(budget)} left`;
  return (
    <div className="budget-left" data-level={level}>
      <meter
        className="visually-hidden"
        min={0}
        max={1}
        value={left}
        aria-label={`Error budget of ${name}`}
        aria-valuetext={words}
      />
      <div className="budget-bar" aria-hidden="true">
        <span style={{ width: `${(budget < 0 ? 1 : left) * 100}%` }} />
      </div>
      <span className="number">{words}</span>
    </div>
  );
}

const percent = (share: number): string =>
  `${share > 0.995 && share < 1 ? "99.9" : Math.round(share * 100)} %`;
