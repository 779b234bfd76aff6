import type { Protocol } from "@lgtm-lab/contracts/services";
import type { CSSProperties } from "react";
import type { Timing } from "../../api/try.ts";
import { bytes, duration } from "../../app/format.ts";
import { gatewayOf } from "./inputs.ts";
import type { Run } from "./use-try.ts";

const ROWS: readonly (readonly [
  name: string,
  of: (timing: Timing) => number,
  text: (value: number) => string,
])[] = [
  ["Time in the gateway", ({ totalMs }) => totalMs, duration],
  ["… of it for the service", ({ upstreamMs }) => upstreamMs, duration],
  ["Sent to the service", ({ sent }) => sent, bytes],
  ["Received from it", ({ received }) => received, bytes],
];

/** Compares the cost of the same request over gRPC and over REST, between gateway and service. */
export function Compare({ runs }: { runs: readonly Run[] }) {
  return (
    <section className="card compare" aria-labelledby="compare">
      <h2 id="compare">gRPC and REST, side by side</h2>
      <div className="table-scroll">
        <table className="table" data-testid="compare">
          <thead>
            <tr>
              <th scope="col">Between gateway and service</th>
              {runs.map(({ protocol }) => (
                <th key={protocol} scope="col">
                  {protocol === "grpc" ? "gRPC" : "REST"}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {ROWS.map(([name, of, text]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {runs.map((run) => (
                  <Cell key={run.protocol} run={run} all={runs} of={of} text={text} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="muted">
        Measured on the connection, including headers and framing. The first call on a new gRPC connection is
        larger, because later ones do not repeat the headers (HPACK). Send the request again to see the
        difference.
      </p>
    </section>
  );
}

interface CellProps {
  readonly run: Run;
  readonly all: readonly Run[];
  readonly of: (timing: Timing) => number;
  readonly text: (value: number) => string;
}

function Cell({ run, all, of, text }: CellProps) {
  const maximum = Math.max(...all.map(({ timing }) => (timing ? of(timing) : 0)));
  if (!run.timing) return <td className="muted">{run.state === "running" ? "…" : "unknown"}</td>;
  const value = of(run.timing);
  const least = Math.min(...all.map(({ timing }) => (timing ? of(timing) : Number.POSITIVE_INFINITY)));
  return (
    <td
      style={
        { "--service": colourOf(run.protocol), "--share": maximum > 0 ? value / maximum : 0 } as CSSProperties
      }
    >
      <span className="compare-bar" aria-hidden="true" />
      <span className="number" data-least={value === least && least < maximum}>
        {text(value)}
      </span>
    </td>
  );
}

const colourOf = (protocol: Protocol) => `var(--service-${gatewayOf(protocol)})`;
