import { PROTOCOL_NAMES, type Protocol } from "@lgtm-lab/contracts/services";
import type { LoadStep } from "@lgtm-lab/load/result";
import type { CSSProperties } from "react";
import { duration, percent } from "../../app/format.ts";

const COLOURS: Readonly<Record<Protocol, string>> = {
  grpc: "var(--service-gateway)",
  rest: "var(--service-gateway-rest)",
};

const throughputOf = ({ succeeded, seconds }: LoadStep): number => (seconds > 0 ? succeeded / seconds : 0);
const cpuMsOf = ({ cpuUs }: LoadStep): number =>
  Object.values(cpuUs).reduce((sum, value) => sum + (value ?? Number.NaN), 0) / 1000;

const rate = (value: number): string =>
  value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });

function shedShare({ shed, requests }: LoadStep): string {
  const share = shed / Math.max(1, requests);
  return shed > 0 && share < 0.001 ? "< 0.1 %" : percent(share);
}

interface Measure {
  readonly title: string;
  readonly text: (step: LoadStep) => string;
  /** The value of a bar in the cell. */
  readonly bar?: (step: LoadStep) => number;
}

const MEASURES: readonly Measure[] = [
  { title: "Successful requests/s", text: (step) => rate(throughputOf(step)), bar: throughputOf },
  { title: "Mean", text: ({ latencyMs }) => duration(latencyMs?.mean ?? Number.NaN) },
  { title: "p95", text: ({ latencyMs }) => duration(latencyMs?.p95 ?? Number.NaN) },
  { title: "Shed (503)", text: shedShare },
  { title: "Failed", text: ({ failed }) => failed.toLocaleString("en") },
  { title: "CPU per request", text: (step) => duration(cpuMsOf(step)) },
];

/** Compares gRPC and REST: one row for each number of users, and for each measure a column for each protocol. */
export function StepTable({ steps }: { readonly steps: readonly LoadStep[] }) {
  const protocols = (["grpc", "rest"] as const).filter((one) => steps.some((step) => step.protocol === one));
  const users = [...new Set(steps.map((step) => step.users))].sort((a, b) => a - b);
  return (
    <>
      <div className="table-scroll card">
        <table className="table load-steps" data-testid="load-steps">
          <caption className="visually-hidden">gRPC and REST at each number of users</caption>
          <thead>
            <tr>
              <th scope="col" rowSpan={2}>
                Users
              </th>
              {MEASURES.map(({ title }) => (
                <th key={title} scope="colgroup" colSpan={protocols.length}>
                  {title}
                </th>
              ))}
            </tr>
            <tr>
              {MEASURES.map(({ title }) =>
                protocols.map((protocol) => (
                  <th key={`${title} ${protocol}`} scope="col" data-protocol={protocol}>
                    {PROTOCOL_NAMES[protocol]}
                  </th>
                )),
              )}
            </tr>
          </thead>
          <tbody>
            {users.map((each) => (
              <tr key={each}>
                <th scope="row">{each.toLocaleString("en")}</th>
                {MEASURES.map((measure) =>
                  protocols.map((protocol) => (
                    <Cell
                      key={`${measure.title} ${protocol}`}
                      step={steps.find((step) => step.users === each && step.protocol === protocol)}
                      measure={measure}
                      all={steps}
                    />
                  )),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {steps.some(({ complete }) => !complete) && (
        <p className="muted">† Stopped early. The numbers cover the measured seconds.</p>
      )}
    </>
  );
}

interface CellProps {
  readonly step: LoadStep | undefined;
  readonly measure: Measure;
  readonly all: readonly LoadStep[];
}

function Cell({ step, measure: { text, bar }, all }: CellProps) {
  if (!step) return <td className="muted number">–</td>;
  const maximum = bar ? Math.max(...all.map(bar)) : 0;
  const share = bar && maximum > 0 ? bar(step) / maximum : 0;
  return (
    <td
      className="number"
      style={{ "--protocol": COLOURS[step.protocol], "--share": share } as CSSProperties}
    >
      {bar && <span className="load-bar" aria-hidden="true" />}
      {text(step)}
      {bar && !step.complete && " †"}
    </td>
  );
}
