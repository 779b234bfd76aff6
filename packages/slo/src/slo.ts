import type { OpenSlo } from "./schema.ts";

/** One objective, as the generators use it. */
export interface Slo {
  readonly name: string;
  readonly displayName: string;
  /** What kind of promise it is: `availability`, `latency`, `pace`. Names the alert and its runbook. */
  readonly kind: string;
  /** `service_name` of the service whose promise it is. */
  readonly service: string;
  /** `service_name` of the service whose death explains a breach. */
  readonly dependsOn?: string;
  /** The objective in a sentence. */
  readonly objective: string;
  readonly description: string;
  /** Share of events that must be good, such as 0.999. */
  readonly target: number;
  /** Share of events that may be bad: 1 − target. */
  readonly budget: number;
  /** Selector of the counter of valid events. */
  readonly total: string;
  /** Selector of the counter of what is good, or of what is bad. */
  readonly counted: { readonly what: "good" | "bad"; readonly selector: string };
}

/** An OpenSLO document as an {@link Slo}. */
export function toSlo({ metadata, spec }: OpenSlo): Slo {
  const { good, bad, total } = spec.indicator.spec.ratioMetric;
  const source = good ?? bad;
  if (!source) throw new Error(`${metadata.name}: neither good nor bad`); // the schema has seen to it
  const [objective] = spec.objectives;
  const dependsOn = metadata.annotations["lgtm-lab/depends-on-service"];
  return {
    name: metadata.name,
    displayName: metadata.displayName,
    kind: metadata.annotations["lgtm-lab/kind"],
    service: spec.service,
    ...(dependsOn !== undefined && { dependsOn }),
    objective: objective.displayName,
    description: spec.description.trim(),
    target: objective.target,
    budget: Number((1 - objective.target).toPrecision(9)), // 1 − 0.999 is 0.0010000000000000009
    total: total.metricSource.spec.query,
    counted: { what: good ? "good" : "bad", selector: source.metricSource.spec.query },
  };
}
