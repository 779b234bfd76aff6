import { useQuery } from "@tanstack/react-query";
import type { CSSProperties } from "react";
import { query } from "../../api/prometheus.ts";
import { Problem } from "../../app/components.tsx";
import { duration, duration as time } from "../../app/format.ts";
import { type Bucket, bucketOf, bucketsOf, type Rank, rankOf, withoutEmptyEnds } from "./histogram.ts";

interface Props {
  readonly service: string;
  readonly route: string;
  /** The duration of the request. */
  readonly ms: number | undefined;
  readonly waiting: boolean;
}

const MINUTES = 15;

/** Compares the duration of a request with all requests of the last minutes. */
export function HistogramCard({ service, route, ms, waiting }: Props) {
  const expr = `sum by (le) (increase(http_server_request_duration_seconds_bucket{service_name=${JSON.stringify(service)}, http_route=${JSON.stringify(route)}}[${MINUTES}m]))`;
  const { data, error } = useQuery({
    queryKey: ["place", service, route, ms],
    queryFn: ({ signal }) => query(expr, undefined, signal),
    // On a new stack the first result is empty, and the request must appear in the histogram within 2 s.
    refetchInterval: ({ state }) => (countOf(bucketsOf(state.data ?? [])) > 0 ? 5000 : 500),
  });
  const buckets = bucketsOf(data ?? []);
  const own = ms === undefined ? -1 : bucketOf(buckets, ms);
  const rank = ms === undefined ? undefined : rankOf(buckets, ms);
  const all = countOf(buckets);
  return (
    <section
      className="card evidence"
      aria-label={`Compared with all requests, ${service}`}
      data-testid="histogram"
    >
      <header>
        <h2>Compared with all requests</h2>
        <nav aria-label={`Compared with all requests, ${service}: more`}>
          <a href={`/prometheus/graph?${new URLSearchParams({ "g0.expr": expr })}`}>Open the query</a>
        </nav>
      </header>
      <p className="muted teach">
        A trace shows where one request spent its time, a histogram shows whether its duration was typical. It
        contains all requests for <code>{route}</code> in <code>{service}</code> of the last {MINUTES}{" "}
        minutes.
      </p>
      {error && <Problem title="The query to Prometheus failed." error={error} />}
      {data && all === 0 && <p className="empty">Prometheus has no data yet. It scrapes every 2 s.</p>}
      {ms === undefined && !waiting && !error && (
        <p className="muted">The duration is unknown, because the trace is missing.</p>
      )}
      {all > 0 && <HistogramChart buckets={withoutEmptyEnds(buckets, own)} own={buckets[own]} />}
      {rank && rank.all > 0 && ms !== undefined && (
        <p data-testid="place">
          Your request took <strong className="number">{time(ms)}</strong>. {wordsFor(rank)}
        </p>
      )}
    </section>
  );
}

const countOf = (buckets: readonly Bucket[]): number => buckets.reduce((sum, { count }) => sum + count, 0);

/** Describes the comparison. Buckets contain counts, not durations. */
function wordsFor({ all, same, faster, slower }: Rank): string {
  const of = (count: number) => {
    const share = (count / all) * 100;
    return share > 0 && share < 1 ? "less than 1 %" : `${Math.round(share)} %`;
  };
  const usual = `${of(same)} of ${all.toLocaleString("en")} are in the same bucket`;
  const others = [
    ...(faster > 0 ? [`${of(faster)} were faster`] : []),
    ...(slower > 0 ? [`${of(slower)} slower`] : []),
  ];
  const sentence = `${[usual, ...others].join(", ")}.`;
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

interface ChartProps {
  readonly buckets: readonly Bucket[];
  readonly own: Bucket | undefined;
}

/** Draws buckets as columns and marks one. */
function HistogramChart({ buckets, own }: ChartProps) {
  const maxCount = Math.max(1, ...buckets.map(({ count }) => count));
  return (
    <figure>
      <ol className="histogram" aria-label="Requests by duration in milliseconds">
        {buckets.map((bucket) => (
          <li
            key={bucket.to}
            data-own={bucket === own}
            style={{ "--share": bucket.count / maxCount } as CSSProperties}
          >
            <span className="bucket-count number">{bucket.count.toLocaleString("en")}</span>
            {bucket === own && <span className="bucket-own">yours</span>}
            <span className="bucket-bar" aria-hidden="true" />
            <span className="bucket-bound number">{boundOf(bucket)}</span>
          </li>
        ))}
      </ol>
      <figcaption className="histogram-axis muted">duration up to … ms</figcaption>
    </figure>
  );
}

/** Formats a bound, without a unit below a second, so that ten fit on a narrow screen. */
function boundOf({ from, to }: Bucket): string {
  const text = (ms: number) => (ms < 1000 ? `${ms}` : duration(ms));
  return to === Number.POSITIVE_INFINITY ? `> ${text(from)}` : text(to);
}
