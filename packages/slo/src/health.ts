import { isMap, isSeq, parseDocument } from "yaml";
import type { Profile } from "./profile.ts";

/**
 * The hand-written health rules with the labels that depend on who evaluates them: Alertmanager groups the demo's
 * alerts quickly, so each must say that it is one. Comments stay.
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
