import type { CSSProperties } from "react";
import { duration } from "../../app/duration.ts";
import type { Bucket } from "./histogram.ts";

interface Props {
  readonly buckets: readonly Bucket[];
  readonly own: Bucket | undefined;
}

/** Buckets as columns, with one marked. */
export function HistogramChart({ buckets, own }: Props) {
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  return (
    <figure>
      <ol className="histogram" aria-label="Requests by how long they took, in milliseconds">
        {buckets.map((bucket) => (
          <li
            key={bucket.to}
            data-own={bucket === own}
            style={{ "--share": bucket.count / most } as CSSProperties}
          >
            <span className="bucket-count number">{bucket.count.toLocaleString("en")}</span>
            {bucket === own && <span className="bucket-own">yours</span>}
            <span className="bucket-bar" aria-hidden="true" />
            <span className="bucket-bound number">{boundOf(bucket)}</span>
          </li>
        ))}
      </ol>
      <figcaption className="histogram-axis muted">took at most … ms</figcaption>
    </figure>
  );
}

/** Without a unit below a second: ten of them stand side by side on a narrow screen. */
function boundOf({ from, to }: Bucket): string {
  const text = (ms: number) => (ms < 1000 ? `${ms}` : duration(ms));
  return to === Number.POSITIVE_INFINITY ? `> ${text(from)}` : text(to);
}
