import { isMap, isSeq, parseDocument, stringify } from "yaml";
import { type AlertRule, sloAlerts } from "./alerts.ts";
import { duration } from "./duration.ts";
import type { Profile, Severity } from "./profile.ts";
import { budgetRule, objectiveRule, type RecordingRule, windowRules } from "./recordings.ts";
import { oneLine } from "./selector.ts";
import type { Slo } from "./slo.ts";

/**
 * Returns the rule file of one objective in one profile. It has two groups: rules for pages are evaluated often, rules
 * for tickets and the budget, which read much data, seldom. Within a group Prometheus evaluates rules in order, so an
 * alert sees the values that were recorded in the same evaluation.
 */
export function ruleFile(slo: Slo, profile: Profile): string {
  const alerts = sloAlerts(slo, profile);
  const group = (severity: Severity, recordings: RecordingRule[]) => ({
    name: `${slo.name}:${severity}`,
    interval: duration(profile.interval[severity]),
    rules: [...recordings, ...alerts.filter(({ labels }) => labels.severity === severity).map(alertingRule)],
  });
  const groups = [
    group("page", [objectiveRule(slo, profile), ...windowRules(slo, profile, "page")]),
    group("ticket", [...windowRules(slo, profile, "ticket"), budgetRule(slo, profile)]),
  ];
  return `${header(slo, profile)}\n${stringify({ groups }, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

const alertingRule = ({ alert, expr, holdFor, labels, annotations }: AlertRule) => ({
  alert,
  expr,
  for: duration(holdFor),
  labels,
  annotations,
});

const header = (slo: Slo, profile: Profile) =>
  [
    `# Generated from slo/${oneLine(slo.file)} by packages/slo for the profile "${profile.name}". Do not edit: npm run generate -w packages/slo`,
    `# ${slo.objective}`,
  ].join("\n");

/**
 * Returns the hand-written health rules with two more labels: `profile`, by which Alertmanager chooses how long it
 * collects alerts before it sends them, and `origin`, the system that evaluates the rules. Comments are kept.
 */
export function healthFile(handWritten: string, profile: Profile): string {
  const document = parseDocument(handWritten);
  if (document.errors[0]) throw document.errors[0];
  document.commentBefore = ` Generated from prometheus/rules/health.yml by packages/slo for the profile "${profile.name}". Do not edit.`;
  const groups = document.get("groups");
  if (!isSeq(groups)) throw new Error("prometheus/rules/health.yml: groups must be a list");
  for (const group of groups.items) {
    const rules = isMap(group) ? group.get("rules") : undefined;
    if (!isSeq(rules)) throw new Error("prometheus/rules/health.yml: a group has no list of rules");
    for (const rule of rules.items) {
      if (!isMap(rule) || !rule.has("alert")) continue;
      rule.setIn(["labels", "profile"], profile.name);
      rule.setIn(["labels", "origin"], "prometheus");
    }
  }
  return document.toString({ lineWidth: 0 });
}
