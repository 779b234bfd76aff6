import { useQuery } from "@tanstack/react-query";
import { fetchConfig } from "../api/console.ts";
import { linesOfTrace, NO_FILTER, writeLogql } from "../lines/logql.ts";
import type { Trace } from "./tree.ts";

/** Services log a request when it ends, which for a stream is up to a minute after an inner span. */
const AROUND_MS = 120_000;

/** Returns the time range of a trace, as Unix times in milliseconds. */
export const timesOf = (trace: Trace) => ({
  from: trace.startedAt + trace.from,
  to: trace.startedAt + trace.to,
});

/** Returns a link to the logs view with a trace's lines, of one service or all. */
export function logsOf(id: string, trace: Trace, service?: string): string {
  const query = service ? writeLogql({ ...NO_FILTER, service, trace: id }) : linesOfTrace(id);
  const { from, to } = timesOf(trace);
  const [start, end] = [Math.floor(from - AROUND_MS), Math.ceil(to + AROUND_MS)];
  return `/logs?${new URLSearchParams({ query, from: String(start), to: String(end) })}`;
}

/** Returns Grafana's address if Grafana is running. */
export function useGrafana(): string | undefined {
  const config = useQuery({
    queryKey: ["config"],
    queryFn: ({ signal }) => fetchConfig(signal),
    staleTime: 10_000,
  });
  return config.data?.grafana ?? undefined;
}

interface Times {
  readonly from: number;
  readonly to: number;
}

const around = ({ from, to }: Times) => ({
  from: String(Math.floor(from - 60_000)),
  to: String(Math.ceil(to + 60_000)),
});

function explore(grafana: string, datasource: string, query: object, times: Times): string {
  const one = { refId: "A", datasource: { type: datasource, uid: datasource }, ...query };
  const panes = { lab: { datasource, queries: [one], range: around(times) } };
  return `${grafana}/explore?${new URLSearchParams({ schemaVersion: "1", orgId: "1", panes: JSON.stringify(panes) })}`;
}

/** Returns a link to a trace in Grafana's Explore. */
export const grafanaTrace = (grafana: string, id: string, times: Times) =>
  explore(grafana, "tempo", { queryType: "traceql", query: id }, times);

/** Returns a link to a search for traces in Grafana's Explore. */
export const grafanaSearch = (grafana: string, query: string, times: Times) =>
  explore(grafana, "tempo", { queryType: "traceql", query, limit: 20 }, times);

/** Returns a link to log lines in Grafana's Explore. */
export const grafanaLines = (grafana: string, expr: string, times: Times) =>
  explore(grafana, "loki", { queryType: "range", expr }, times);
