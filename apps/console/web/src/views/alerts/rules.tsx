import type { Rule, RuleGroup } from "../../api/alerts.ts";
import { clock, elapsed } from "../../app/format.ts";
import { SafeLink } from "../../app/safe-link.tsx";
import { WATCHDOG } from "./active.ts";
import { SeverityBadge, StateBadge } from "./badges.tsx";

/** Lists all alerting rules by group, with state, health and time of the last evaluation. */
export function Rules({ groups, open, now }: { groups: readonly RuleGroup[]; open: boolean; now: number }) {
  return (
    <div className="rule-groups">
      {groups.map((group) => (
        <details key={`${group.file} ${group.name}`} className="card rule-group" open={open || undefined}>
          <summary>
            <span className="rule-group-name">{group.name}</span>
            <Summary group={group} now={now} />
          </summary>
          <ul className="rules">
            {group.rules.map((rule, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: names can repeat; the order does not change
              <RuleItem key={index} rule={rule} now={now} />
            ))}
          </ul>
        </details>
      ))}
    </div>
  );
}

function Summary({ group: { rules, interval }, now }: { group: RuleGroup; now: number }) {
  // Watchdog always fires, so it is not counted.
  const count = (state: string) =>
    rules.filter((rule) => rule.state === state && rule.name !== WATCHDOG).length;
  const broken = rules.filter(({ health }) => health === "err").length;
  const latest = Math.max(...rules.map(({ lastEvaluation }) => lastEvaluation));
  return (
    <>
      {count("firing") > 0 && <StateBadge state="firing">{`${count("firing")} firing`}</StateBadge>}
      {count("pending") > 0 && <StateBadge state="pending">{`${count("pending")} pending`}</StateBadge>}
      {broken > 0 && <StateBadge state="firing">{`${broken} cannot be evaluated`}</StateBadge>}
      <span className="muted rule-group-facts number">
        {rules.length} {rules.length === 1 ? "rule" : "rules"}, every {elapsed(interval * 1000)}, last{" "}
        {elapsed(now - latest)} ago
      </span>
    </>
  );
}

function RuleItem({ rule, now }: { rule: Rule; now: number }) {
  return (
    <li>
      <details className="rule" data-testid={`rule-${rule.name}`}>
        <summary>
          <span className="rule-name">{rule.name}</span>
          {rule.labels.window && <span className="badge">{rule.labels.window}</span>}
          <SeverityBadge severity={rule.labels.severity} />
          <StateBadge state={rule.name === WATCHDOG ? "inactive" : rule.state}>
            {rule.name === WATCHDOG ? "always fires" : rule.state}
          </StateBadge>
          {rule.health !== "ok" && <span className="badge bad">health: {rule.health}</span>}
        </summary>
        <div className="rule-more">
          {rule.lastError && <p className="problem">{rule.lastError}</p>}
          <p className="muted">{rule.annotations.description ?? rule.annotations.summary}</p>
          <pre>
            <code>{rule.query}</code>
          </pre>
          <p className="muted number">
            Must hold for {elapsed(rule.holdFor * 1000)}. Evaluated at {clock(rule.lastEvaluation, now)}.{" "}
            <SafeLink href={rule.annotations.runbook_url}>Runbook</SafeLink>
          </p>
        </div>
      </details>
    </li>
  );
}
