import type { Series } from "../api/prometheus.ts";

/** The calls from one service to another in a time range, counted by Tempo from spans. */
export interface Call {
  readonly client: string;
  readonly server: string;
  readonly perSecond: number;
  /** Duration of a call (mean or percentile, depending on the query). Missing if unknown. */
  readonly seconds: number | undefined;
  /** Share of failed calls, 0 to 1. Missing if unknown. */
  readonly failed: number | undefined;
}

/** A service on the map. */
export interface ServiceNode {
  readonly name: string;
  /** The distance from the services that have no callers. */
  readonly column: number;
  /** Whether the service has callers. */
  readonly isCalled: boolean;
  /**
   * The rate of incoming calls or, without callers, of outgoing calls. `seconds` and `failed` refer to the same calls.
   */
  readonly perSecond: number;
  readonly seconds: number | undefined;
  readonly failed: number | undefined;
}

/** The calls between services, and which data is missing. */
export interface ServiceMap {
  readonly calls: readonly Call[];
  /** Whether Tempo reached its series limit, so calls or failures may be missing. */
  readonly incomplete: boolean;
  /** Calls that cannot be drawn because the caller or the callee has no name. */
  readonly unnamed: { readonly kinds: number; readonly perSecond: number };
}

const BY_CALL = "sum by (client, server)";
const LIMITED = "tempo_metrics_generator_registry_series_limited_total";

/** Returns the PromQL queries for `readServiceMap`. */
export const serviceMapQueries = (window: string, duration: "mean" | "p95") => ({
  total: `${BY_CALL} (rate(traces_service_graph_request_total[${window}]))`,
  failed: `${BY_CALL} (rate(traces_service_graph_request_failed_total[${window}]))`,
  seconds:
    duration === "mean"
      ? `${BY_CALL} (rate(traces_service_graph_request_server_seconds_sum[${window}])) / ${BY_CALL} (rate(traces_service_graph_request_total[${window}]))`
      : `histogram_quantile(0.95, sum by (client, server, le) (rate(traces_service_graph_request_server_seconds_bucket[${window}])))`,
  // `increase` misses the first refusal, which creates the counter. The counter increases with every span that is not
  // counted, so the map is complete while the counter does not change.
  refused: `sum((${LIMITED} unless ${LIMITED} offset ${window}) or increase(${LIMITED}[${window}]))`,
});

/** The results of the queries of `serviceMapQueries`. */
export type ServiceMapResponses = Readonly<
  Record<keyof ReturnType<typeof serviceMapQueries>, readonly Series[]>
>;

/** Runs the queries of `serviceMapQueries`. */
export async function fetchServiceMap(
  queries: Readonly<Record<keyof ServiceMapResponses, string>>,
  runQuery: (expr: string) => Promise<readonly Series[]>,
): Promise<ServiceMap> {
  const [total, failed, seconds, refused] = await Promise.all([
    runQuery(queries.total),
    runQuery(queries.failed),
    runQuery(queries.seconds),
    runQuery(queries.refused),
  ]);
  return readServiceMap({ total, failed, seconds, refused });
}

/**
 * Reads the service map. Tempo creates the series of failures with the first failure. If it is missing, no call failed,
 * unless Tempo reached its series limit.
 */
export function readServiceMap(responses: ServiceMapResponses): ServiceMap {
  const incomplete = responses.refused.some((series) => lastValue(series) > 0);
  const [failed, seconds] = [byCall(responses.failed), byCall(responses.seconds)];
  const all = responses.total.filter((series) => lastValue(series) > 0);
  const isNamed = ({ metric: { client, server } }: Series) => Boolean(client && server);
  const unnamed = all.filter((series) => !isNamed(series));
  const calls = all.filter(isNamed).map((series) => {
    const { client = "", server = "" } = series.metric;
    const perSecond = lastValue(series);
    const failures = failed.get(keyOf(series)) ?? (incomplete ? undefined : 0);
    const took = seconds.get(keyOf(series));
    return {
      client,
      server,
      perSecond,
      seconds: Number.isFinite(took) ? took : undefined,
      failed: failures === undefined ? undefined : Math.min(1, failures / perSecond),
    };
  });
  return {
    calls,
    incomplete,
    unnamed: {
      kinds: unnamed.length,
      perSecond: unnamed.reduce((sum, series) => sum + lastValue(series), 0),
    },
  };
}

const keyOf = ({ metric: { client = "", server = "" } }: Series) => `${client}\0${server}`;
const lastValue = ({ values }: Series) => Number(values.at(-1)?.[1] ?? Number.NaN);
const byCall = (series: readonly Series[]) => new Map(series.map((one) => [keyOf(one), lastValue(one)]));

/** Returns the services by name. A value is unknown if it is unknown for any of the service's calls. */
export function nodesOf(calls: readonly Call[]): readonly ServiceNode[] {
  const names = [...new Set(calls.flatMap(({ client, server }) => [client, server]))].sort();
  const columns = columnsOf(names, calls);
  return names.map((name) => {
    const received = calls.filter(({ server }) => server === name);
    const counted = received.length > 0 ? received : calls.filter(({ client }) => client === name);
    const perSecond = counted.reduce((sum, call) => sum + call.perSecond, 0);
    const mean = (of: (call: Call) => number | undefined) => {
      const sum = counted.reduce((total, call) => total + (of(call) ?? Number.NaN) * call.perSecond, 0);
      return Number.isNaN(sum) ? undefined : perSecond > 0 ? sum / perSecond : 0;
    };
    return {
      name,
      column: columns.get(name) ?? 0,
      isCalled: received.length > 0,
      perSecond,
      seconds: mean(({ seconds }) => seconds),
      failed: mean(({ failed }) => failed),
    };
  });
}

/** Places each service one column after the last of its callers. Limits the columns of cycles. */
function columnsOf(
  names: readonly string[],
  calls: readonly Pick<Call, "client" | "server">[],
): ReadonlyMap<string, number> {
  const columns = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round += 1)
    for (const { client, server } of calls) {
      const next = Math.min(names.length - 1, (columns.get(client) ?? 0) + 1);
      if (client !== server && next > (columns.get(server) ?? 0)) columns.set(server, next);
    }
  return columns;
}

/** Groups the nodes by column, from left to right. */
export const columnsOfNodes = (nodes: readonly ServiceNode[]): readonly (readonly ServiceNode[])[] =>
  [...Map.groupBy(nodes, ({ column }) => column)].sort(([a], [b]) => a - b).map(([, members]) => members);
