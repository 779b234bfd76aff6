import type { Series } from "../../../api/prometheus.ts";
import { anyRefused, seriesRefused } from "../../../api/span-metrics.ts";

/** Calls from one service to another. */
export interface Edge {
  readonly client: string;
  readonly server: string;
  readonly perSecond: number;
  /** Share that failed, 0 to 1; nothing when it is unknown. */
  readonly failed: number | undefined;
  /** 95 % took at most so many ms; nothing when nobody called. */
  readonly p95: number | undefined;
}

/** Which service calls which, and whether calls or failures may be missing. */
export interface ServiceGraph {
  readonly edges: readonly Edge[];
  readonly incomplete: boolean;
  /** Calls a second without a name of the caller or the callee, which cannot be drawn. */
  readonly unnamed: number;
}

export interface Place {
  readonly name: string;
  /** How many steps from those who call from outside. */
  readonly column: number;
  readonly calls: number;
  /** Share of the calls to it that failed; nothing when that of any caller is unknown. */
  readonly failed: number | undefined;
}

const BY = "sum by (client, server)";

/** What Prometheus is asked: Tempo has counted the calls from the spans. */
export const questions = (window: string) => ({
  total: `${BY} (rate(traces_service_graph_request_total[${window}]))`,
  failed: `${BY} (rate(traces_service_graph_request_failed_total[${window}]))`,
  p95: `histogram_quantile(0.95, sum by (client, server, le) (rate(traces_service_graph_request_server_seconds_bucket[${window}]))) * 1000`,
  refused: seriesRefused(window),
});

/** Tempo makes the series of failures at the first one: without it nothing has failed, unless Tempo refused to make it. */
export function graphOf(
  answers: Readonly<Record<keyof ReturnType<typeof questions>, readonly Series[]>>,
): ServiceGraph {
  const incomplete = anyRefused(answers.refused);
  const [failed, p95] = [byCall(answers.failed), byCall(answers.p95)];
  const calls = [...byCall(answers.total)].filter(([, perSecond]) => perSecond > 0);
  const isNamed = ([key]: readonly [string, number]) => !key.startsWith("\0") && !key.endsWith("\0");
  const unnamed = calls.filter((call) => !isNamed(call)).reduce((sum, [, perSecond]) => sum + perSecond, 0);
  const edges = calls.filter(isNamed).map(([key, perSecond]) => {
    const [client = "", server = ""] = key.split("\0");
    const took = p95.get(key);
    const failures = failed.get(key) ?? (incomplete ? undefined : 0);
    const share = failures === undefined ? undefined : Math.min(1, failures / perSecond);
    return { client, server, perSecond, failed: share, p95: Number.isFinite(took) ? took : undefined };
  });
  return { edges, incomplete, unnamed };
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
    const failed = asked.reduce(
      (sum, { perSecond, failed: share = Number.NaN }) => sum + perSecond * share,
      0,
    );
    const share = Number.isNaN(failed) ? undefined : calls > 0 ? failed / calls : 0;
    return { name, column: columns.get(name) ?? 0, calls, failed: share };
  });
}
