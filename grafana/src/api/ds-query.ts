import type { TimeRange } from "../walk/intervals.ts";
import type { DataSourceRef } from "../walk/model.ts";
import { type GrafanaClient, short } from "./client.ts";
import type { Frame } from "./frames.ts";

/** One query in the form of its data source, as it stands in a panel, with what Grafana adds to it. */
export interface DsQuery {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly [more: string]: unknown;
}

export interface DsResult {
  readonly frames: readonly Frame[];
  readonly error?: string;
}

interface DsAnswer {
  readonly results?: Readonly<
    Record<string, { readonly frames?: readonly Frame[]; readonly error?: string; readonly status?: number }>
  >;
}

/**
 * Runs queries as a panel does, all in one request; what became of each, by its letter. Grafana answers 400 or 207 when
 * one of them fails, and says which. Throws when it does not get that far.
 */
export async function dsQuery(
  client: GrafanaClient,
  queries: readonly DsQuery[],
  { from, to }: TimeRange,
): Promise<ReadonlyMap<string, DsResult>> {
  const body = { queries, from: `${Math.round(from * 1000)}`, to: `${Math.round(to * 1000)}` };
  const { status, body: answer } = await client.answer("POST", "/api/ds/query", body);
  const { results } = (answer ?? {}) as DsAnswer;
  if (!results) throw new Error(`POST /api/ds/query answered ${status}: ${short(answer)}`);
  return new Map(
    queries.map(({ refId }) => {
      const { frames = [], error } = results[refId] ?? { error: "Grafana says nothing of this query" };
      return [refId, { frames, ...(error !== undefined && { error }) }];
    }),
  );
}
