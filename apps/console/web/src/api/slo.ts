import { parseDurationMs } from "../range/range.ts";
import { type Labels, query, type Series } from "./prometheus.ts";

/** One objective, from the recording rules of packages/slo (docs/slos.md). */
export interface Slo {
  readonly name: string;
  readonly displayName: string;
  readonly service: string;
  readonly kind: string;
  readonly profile: string;
  readonly period: string;
  /** The target, for example 0.999. */
  readonly target: number;
  /**
   * The remaining share of the error budget. 1: nothing is used; below 0: exceeded. Undefined until the rule has a
   * value.
   */
  readonly remainingBudget: number | undefined;
  /** Sorted by window, the shortest first. */
  readonly burnRates: readonly BurnRate[];
}

export interface BurnRate {
  readonly window: string;
  readonly rate: number;
}

/** PromQL for the series that {@link readSlos} reads. */
const SLO_QUERY = '{__name__=~"slo:(objective|burn_rate|error_budget_remaining)"}';

/** Reads the result of {@link SLO_QUERY}, sorted by name. */
export function readSlos(series: readonly Series[]): Slo[] {
  const samples = series.map(({ metric, values }) => ({ metric, value: Number(values.at(-1)?.[1]) }));
  const named = (name: string) => samples.filter(({ metric }) => metric.__name__ === `slo:${name}`);
  const [budgets, rates] = [named("error_budget_remaining"), named("burn_rate")];
  return named("objective")
    .map(({ metric, value: target }) => {
      const name = metric.slo ?? "";
      const isOfSlo = ({ metric: other }: { metric: Labels }) => other.slo === name;
      const budget = budgets.find(isOfSlo)?.value;
      return {
        name,
        displayName: metric.display_name ?? name,
        service: metric.service_name ?? "",
        kind: metric.kind ?? "",
        profile: metric.profile ?? "",
        period: metric.period ?? "",
        target,
        remainingBudget: Number.isFinite(budget) ? budget : undefined,
        burnRates: rates
          .filter(isOfSlo)
          .map(({ metric: { window = "" }, value: rate }) => ({ window, rate }))
          .sort((a, b) => (parseDurationMs(a.window) ?? 0) - (parseDurationMs(b.window) ?? 0)),
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Classifies a burn rate by the lowest thresholds of any window: above 6 an alert pages, above 1 it opens a ticket (PAIRS
 * in packages/slo/src/profile.ts). Short windows have higher thresholds, so an alert need not fire.
 */
export function burnLevel(rate: number): "page" | "ticket" | "burning" | "ok" {
  if (rate > 6) return "page";
  if (rate > 1) return "ticket";
  return rate > 0 ? "burning" : "ok";
}

/** Fetches all objectives with their remaining budgets and burn rates. */
export const listSlos = async (signal?: AbortSignal): Promise<Slo[]> =>
  readSlos(await query(SLO_QUERY, undefined, signal));
