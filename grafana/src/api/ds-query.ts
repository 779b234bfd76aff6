import type { DataSourceRef } from "../queries/dashboard-json.ts";
import type { TimeRange } from "../queries/intervals.ts";
import { type GrafanaClient, short } from "./client.ts";
import type { Frame } from "./frames.ts";

/** One query of a panel, in the form of its data source, with the fields that Grafana adds. */
export interface DsQuery {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly [more: string]: unknown;
}

export interface DsResult {
  readonly frames: readonly Frame[];
  readonly error?: string;
}

interface DsResponse {
  readonly results?: Readonly<
    Record<string, { readonly frames?: readonly Frame[]; readonly error?: string; readonly status?: number }>
  >;
}

/**
 * Runs queries as a panel does, all in one request. Returns the result of each by its letter. If one of them fails,
 * Grafana responds with 400 or 207 and says which. Throws if the request itself fails.
 */
export async function dsQuery(
  client: GrafanaClient,
  queries: readonly DsQuery[],
  { from, to }: TimeRange,
): Promise<ReadonlyMap<string, DsResult>> {
  const body = { queries, from: `${Math.round(from * 1000)}`, to: `${Math.round(to * 1000)}` };
  const { status, body: response } = await client.send("POST", "/api/ds/query", body);
  const { results } = (response ?? {}) as DsResponse;
  if (!results) throw new Error(`POST /api/ds/query responded with ${status}: ${short(response)}`);
  return new Map(
    queries.map(({ refId }) => {
      const { frames = [], error } = results[refId] ?? { error: "Grafana returned no result for this query" };
      return [refId, { frames, ...(error !== undefined && { error }) }];
    }),
  );
}
