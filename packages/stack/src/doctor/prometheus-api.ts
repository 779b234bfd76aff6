import type { Examination } from "./examination.ts";
import { getJson } from "./http.ts";

export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapeUrl: string;
  readonly health: "up" | "down" | "unknown";
  readonly lastError: string;
}

/** Whom Prometheus scrapes now. */
export async function activeTargets({ at }: Examination): Promise<readonly Target[]> {
  const url = at("PROMETHEUS_PORT", "/api/v1/targets?state=active");
  return (await getJson<{ data: { activeTargets: Target[] } }>(url)).data.activeTargets;
}

/** An instant query: the value for each `service_name`. */
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
