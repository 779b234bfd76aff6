import { type Generated, PROFILES } from "@lgtm-lab/slo";
import { alertRuleFile } from "./alert-rules.ts";
import { dashboards } from "./dashboards/index.ts";

/** Returns the dashboards and the Grafana-managed alert rules, by their paths in the repository. */
export const generateGrafana = (): Generated => ({
  files: new Map([
    ...Object.entries(dashboards).map(
      ([name, dashboard]) =>
        [`grafana/dashboards/${name}.json`, `${JSON.stringify(dashboard, undefined, 2)}\n`] as const,
    ),
    ["grafana/provisioning/alerting/slo-rules.yaml", alertRuleFile(PROFILES.demo)],
    // Replaces the file above where the production profile is used.
    ["grafana/production/slo-rules.yaml", alertRuleFile(PROFILES.production)],
  ]),
  patterns: ["dashboards/*.json", "provisioning/alerting/slo-rules.yaml", "production/slo-rules.yaml"].map(
    (pattern) => `grafana/${pattern}`,
  ),
  notes: [],
});
