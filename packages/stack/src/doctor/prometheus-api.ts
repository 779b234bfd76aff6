import type { Examination } from "./examination.ts";
import { getJson } from "./http.ts";

export interface Target {
  /** `services` or `stack`. */
  readonly scrapePool: string;
  /** The labels in its target list, with `__address__`. */
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapeUrl: string;
  readonly health: "up" | "down" | "unknown";
  readonly lastError: string;
}

/** Returns the targets that Prometheus scrapes now. */
export async function activeTargets({ at }: Examination): Promise<readonly Target[]> {
  const url = at("PROMETHEUS_PORT", "/api/v1/targets?state=active");
  return (await getJson<{ data: { activeTargets: Target[] } }>(url)).data.activeTargets;
}

/** Runs an instant query. Returns the value for each `service_name`. */
export async function queryByService(
  { at }: Examination,
  query: string,
): Promise<ReadonlyMap<string, number>> {
  const url = at("PROMETHEUS_PORT", `/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = await getJson<{
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  }>(url);
  return new Map(data.result.map(({ metric, value }) => [metric.service_name ?? "", Number(value[1])]));
}

/** A series with the samples of a range, oldest first. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

/** Runs a query whose result is a range vector (`x[10m]`), or an instant vector with one value for each series. */
export async function querySeries({ at }: Examination, query: string): Promise<readonly Series[]> {
  const url = at("PROMETHEUS_PORT", `/api/v1/query?${new URLSearchParams({ query })}`);
  type Sample = [time: number, value: string];
  const { data } = await getJson<{
    data: { result: { metric: Record<string, string>; value?: Sample; values?: Sample[] }[] };
  }>(url);
  return data.result.map(({ metric, value, values }) => ({
    metric,
    values: (values ?? (value ? [value] : [])).map(([, text]) => Number(text)),
  }));
}
