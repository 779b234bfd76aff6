import type { Labels } from "../../api/prometheus.ts";

/** What is looked for: a text in name, service, objective or summary, and a severity. */
export interface Filter {
  readonly text: string;
  readonly severity: Severity;
}

export const SEVERITIES = ["all", "page", "ticket"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Whether an alert is one of those looked for. Every word must be in it somewhere. */
export function matches({ text, severity }: Filter, labels: Labels, summary = ""): boolean {
  if (severity !== "all" && labels.severity !== severity) return false;
  const all = [labels.alertname, labels.service_name, labels.slo, labels.severity, summary]
    .join(" ")
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
