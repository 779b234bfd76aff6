import type { GrafanaClient } from "@lgtm-lab/grafana/api";

/** A Grafana-managed rule and its state, from Grafana's own Prometheus-like API. */
export interface RuleState {
  readonly name: string;
  readonly state: string;
  readonly health: string;
  readonly lastError?: string;
  readonly lastEvaluation: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of its group, in seconds. */
  readonly interval: number;
}

interface RulesResponse {
  readonly data: {
    readonly groups: readonly {
      readonly file: string;
      readonly interval: number;
      readonly rules: readonly Omit<RuleState, "interval">[];
    }[];
  };
}

/** Returns the provisioned rules: those with our label. */
export async function ruleStates(client: GrafanaClient): Promise<RuleState[]> {
  const { data } = await client.get<RulesResponse>("/api/prometheus/grafana/api/v1/rules");
  return data.groups
    .flatMap(({ rules, interval }) => rules.map((rule) => ({ ...rule, interval })))
    .filter(({ labels = {} }) => labels.origin === "grafana");
}
