import type { CSSProperties } from "react";
import { Link } from "react-router";
import type { Found } from "../../api/tempo.ts";
import { duration } from "../../app/duration.ts";
import { serviceColour } from "../../app/services.ts";
import { day } from "../../range/time.ts";

/** What a search has found. */
export function Results({ found, limit }: { found: readonly Found[]; limit: number }) {
  if (found.length === 0)
    return (
      <p className="empty" data-testid="no-results">
        No trace matches in this time. Send a request at <Link to="/">Try it</Link>, or choose a longer time.
      </p>
    );
  const longest = Math.max(1, ...found.map(({ ms: took }) => took));
  return (
    <div className="card table-scroll">
      <table className="table results" data-testid="results" aria-label="Traces">
        <thead>
          <tr>
            <th scope="col">Started</th>
            <th scope="col">Trace</th>
            <th scope="col">Duration</th>
            <th scope="col" className="number matching">
              Matching spans
            </th>
          </tr>
        </thead>
        <tbody>
          {found.map((trace) => (
            <Row key={trace.id} trace={trace} share={trace.ms / longest} />
          ))}
        </tbody>
      </table>
      <p className="muted results-count">
        {found.length === limit
          ? `The latest ${limit}; there may be more.`
          : `${found.length} ${found.length === 1 ? "trace" : "traces"}: all that match.`}
      </p>
    </div>
  );
}

function Row({ trace, share }: { trace: Found; share: number }) {
  const { id, service, name, startedAt, ms: took, matched } = trace;
  return (
    <tr style={{ "--service": serviceColour(service), "--share": share } as CSSProperties}>
      <td className="number">{day(startedAt)}</td>
      <td>
        <div className="result-name">
          <Link to={`/traces/${id}`}>{name || "root span not (yet) there"}</Link>
          {service && <span className="service muted">{service}</span>}
          <code className="muted" title={id}>
            {id.slice(0, 8)}
          </code>
        </div>
      </td>
      <td className="result-duration">
        <span className="number">{took === 0 ? "< 1 ms" : duration(took)}</span>
        <span className="result-bar" aria-hidden="true" />
      </td>
      <td className="number matching">{matched || ""}</td>
    </tr>
  );
}
