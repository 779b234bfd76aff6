import type { ActiveAlert, AlertmanagerAlert, Rule, RuleGroup } from "../../api/alerts.ts";
import type { Labels } from "../../api/prometheus.ts";

/** Groups active alerts that differ only in their window or instance. */
export interface ActiveGroup {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: ActiveAlert["state"];
  /** Start of the earliest alert: Unix time in milliseconds. */
  readonly since: number;
  /** The windows of an objective, or the instances of a target. */
  readonly parts: readonly string[];
  readonly expressions: readonly string[];
  /** Why Alertmanager does not send the alert: it is silenced, or inhibited by another alert. */
  readonly suppression: "silenced" | "inhibited" | undefined;
}

/** The name of the alert that always fires, to show that alerting works. */
export const WATCHDOG = "Watchdog";
const RANK: Readonly<Record<string, number>> = { page: 0, ticket: 1 };

/** Returns the firing and pending alerts without Watchdog, firing pages first. */
export function activeAlerts(
  groups: readonly RuleGroup[],
  alertmanagerAlerts: readonly AlertmanagerAlert[] = [],
): ActiveGroup[] {
  const suppressed = new Map(
    alertmanagerAlerts.filter((each) => each.suppressed).map((each) => [key(each.labels), each]),
  );
  const found = new Map<string, { rule: Rule; alert: ActiveAlert }[]>();
  for (const rule of groups.flatMap(({ rules }) => rules))
    for (const alert of rule.name === WATCHDOG ? [] : rule.alerts) {
      const { severity, service_name, slo } = alert.labels;
      const id = [rule.name, severity, service_name, slo].join(" ");
      found.set(id, [...(found.get(id) ?? []), { rule, alert }]);
    }
  return [...found.entries()]
    .map(([id, all]) => merged(id, all, suppressed))
    .sort((a, b) => rank(a) - rank(b) || a.since - b.since || a.id.localeCompare(b.id));
}

function merged(
  id: string,
  all: readonly { readonly rule: Rule; readonly alert: ActiveAlert }[],
  suppressed: ReadonlyMap<string, AlertmanagerAlert>,
): ActiveGroup {
  const firing = all.filter(({ alert }) => alert.state === "firing");
  const [first] = (firing.length > 0 ? firing : all).toSorted((a, b) => a.alert.activeAt - b.alert.activeAt);
  const matching = firing.map(({ alert }) => suppressed.get(key(alert.labels)));
  return {
    id,
    name: first?.rule.name ?? "",
    labels: first?.alert.labels ?? {},
    annotations: first?.alert.annotations ?? {},
    state: firing.length > 0 ? "firing" : "pending",
    since: first?.alert.activeAt ?? 0,
    parts: [...new Set(all.flatMap(({ alert: { labels } }) => labels.window ?? labels.instance ?? []))],
    expressions: [...new Set(all.map(({ rule }) => rule.query))],
    suppression:
      matching.length > 0 && matching.every((each) => each !== undefined)
        ? matching.some((each) => each?.silenced)
          ? "silenced"
          : "inhibited"
        : undefined,
  };
}

const rank = ({ state, labels: { severity = "" } }: ActiveGroup): number =>
  (state === "firing" ? 0 : 10) + (RANK[severity] ?? 2);

const key = (labels: Labels): string =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
