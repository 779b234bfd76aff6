import type { CSSProperties } from "react";
import { Link } from "react-router";
import { duration } from "../../../app/duration.ts";
import { serviceColour } from "../../../app/services.ts";
import { writeTraceql } from "../../../trace/traceql.ts";
import type { Edge } from "./read.ts";
import { percent, rate } from "./words.ts";

/** The map as a table: for who reads, or cannot see, the drawing. */
export function EdgeTable({ edges }: { edges: readonly Edge[] }) {
  const sorted = [...edges].sort((a, b) => b.perSecond - a.perSecond);
  return (
    <div className="card table-scroll">
      <table className="table" data-testid="edges" aria-label="Calls between services">
        <thead>
          <tr>
            <th scope="col">Who calls</th>
            <th scope="col">Whom</th>
            <th scope="col" className="number">
              Calls
            </th>
            <th scope="col" className="number">
              Failed
            </th>
            <th scope="col" className="number">
              95 % within
            </th>
            <th scope="col">Traces</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((edge) => {
            const bad = edge.failed !== undefined && edge.failed > 0;
            return (
              <tr key={`${edge.client} ${edge.server}`}>
                <td>
                  <Name name={edge.client} />
                </td>
                <td>
                  <Name name={edge.server} />
                </td>
                <td className="number">{rate(edge.perSecond)}</td>
                <td className="number">
                  {edge.failed === undefined && <span className="badge warn">unknown</span>}
                  {edge.failed !== undefined &&
                    (bad ? <span className="badge bad">{percent(edge.failed)}</span> : percent(0))}
                </td>
                <td className="number">{edge.p95 === undefined ? "–" : duration(edge.p95)}</td>
                <td>
                  <Link to={`/traces?${tracesOf(edge.server, bad)}`}>
                    {bad ? "failed ones of " : "of "}
                    {edge.server}
                  </Link>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const Name = ({ name }: { name: string }) => (
  <span className="service" style={{ "--service": serviceColour(name) } as CSSProperties}>
    {name}
  </span>
);

const tracesOf = (service: string, failed: boolean) =>
  new URLSearchParams({
    q: writeTraceql({ service, status: failed ? "error" : "any", longerThan: "", route: "" }),
  });
