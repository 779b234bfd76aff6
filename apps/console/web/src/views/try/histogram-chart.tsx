import type { CSSProperties } from "react";
import { ms } from "../../trace/ticks.ts";
import type { Bucket } from "./histogram.ts";

interface Props {
  readonly buckets: readonly Bucket[];
  readonly own: Bucket | undefined;
  /** How long the request took that is marked. */
  readonly label: string;
}

/** Buckets as columns, with one marked. */
export function HistogramChart({ buckets, own, label }: Props) {
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  return (
    <ol className="histogram" aria-label="Requests by how long they took">
      {buckets.map((bucket) => (
        <li
          key={bucket.to}
          data-own={bucket === own}
          style={{ "--share": bucket.count / most } as CSSProperties}
        >
          <span className="bucket-count number">{bucket.count.toLocaleString("en")}</span>
          {bucket === own && <span className="bucket-own">yours, {label}</span>}
          <span className="bucket-bar" aria-hidden="true" />
          <span className="bucket-bound number">
            {bucket.to === Number.POSITIVE_INFINITY ? `> ${ms(bucket.from)}` : `≤ ${ms(bucket.to)}`}
          </span>
        </li>
      ))}
    </ol>
  );
}
