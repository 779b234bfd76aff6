import type { Series } from "../../../api/prometheus.ts";

/** Calls from one service to another. */
export interface Edge {
  readonly client: string;
  readonly server: string;
  readonly perSecond: number;
  /** Share that failed, 0 to 1. */
  readonly failed: number;
  /** 95 % took at most so many ms; nothing when nobody called. */
  readonly p95: number | undefined;
}

export interface Place {
  readonly name: string;
  /** How many steps from those who call from outside. */
  readonly column: number;
  readonly calls: number;
  readonly failed: number;
}

const BY = "sum by (client, server)";

/** What Prometheus is asked: Tempo has counted the calls from the spans. */
export const questions = (window: string) => ({
  total: `${BY} (rate(traces_service_graph_request_total[${window}]))`,
  failed: `${BY} (rate(traces_service_graph_request_failed_total[${window}]))`,
  p95: `histogram_quantile(0.95, sum by (client, server, le) (rate(traces_service_graph_request_server_seconds_bucket[${window}]))) * 1000`,
});

export function edgesOf(
  answers: Readonly<Record<"total" | "failed" | "p95", readonly Series[]>>,
): readonly Edge[] {
  const [failed, p95] = [byCall(answers.failed), byCall(answers.p95)];
  return [...byCall(answers.total)]
    .filter(([key, perSecond]) => perSecond > 0 && !key.startsWith("\0") && !key.endsWith("\0"))
    .map(([key, perSecond]) => {
      const [client = "", server = ""] = key.split("\0");
      const took = p95.get(key);
      const share = Math.min(1, (failed.get(key) ?? 0) / perSecond);
      return { client, server, perSecond, failed: share, p95: Number.isFinite(took) ? took : undefined };
    });
}

const byCall = (series: readonly Series[]) =>
  new Map(
    series.map(({ metric, values }) => [
      `${metric.client ?? ""}\0${metric.server ?? ""}`,
      Number(values.at(-1)?.[1]),
    ]),
  );

/** Services in columns: each stands behind all who call it. Calls in a circle end it where it began. */
export function placesOf(edges: readonly Edge[]): readonly Place[] {
  const names = [...new Set(edges.flatMap(({ client, server }) => [client, server]))].sort();
  const columns = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round += 1)
    for (const { client, server } of edges) {
      const behind = (columns.get(client) ?? 0) + 1;
      if (client !== server && behind > (columns.get(server) ?? 0) && behind < names.length)
        columns.set(server, behind);
    }
  return names.map((name) => {
    const asked = edges.filter(({ server }) => server === name);
    const calls = asked.reduce((sum, { perSecond }) => sum + perSecond, 0);
    const failed = asked.reduce((sum, { perSecond, failed: share }) => sum + perSecond * share, 0);
    return { name, column: columns.get(name) ?? 0, calls, failed: calls > 0 ? failed / calls : 0 };
  });
}
