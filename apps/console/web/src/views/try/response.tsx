import type { Protocol } from "@lgtm-lab/contracts/services";
import type { ReactNode } from "react";
import { ServiceName } from "../../app/components.tsx";
import { bytes, duration } from "../../app/format.ts";
import { gatewayOf, type Service } from "./inputs.ts";
import type { Run } from "./use-try.ts";

/** The maximum number of values shown, the latest ones. */
const MAX_VALUES = 240;

/** Shows the response while it arrives. */
export function ResponseCard({ run, to, wanted }: { run: Run; to: Service; wanted: string }) {
  return (
    <section
      className="card response"
      aria-label={`Response over ${run.protocol === "grpc" ? "gRPC" : "REST"}`}
      data-testid={`response-${run.protocol}`}
      data-state={run.state}
    >
      <Path protocol={run.protocol} to={to} />
      {run.message !== undefined && <p className="response-message">{run.message}</p>}
      {run.values.length > 0 && <Numbers values={run.values} />}
      {run.state === "failed" && <Failure run={run} />}
      <p className="response-state" role="status">
        <State run={run} to={to} wanted={wanted} />
      </p>
    </section>
  );
}

function Numbers({ values }: { values: readonly number[] }) {
  const before = Math.max(0, values.length - MAX_VALUES);
  return (
    <p className="numbers number" data-testid="numbers" data-count={values.length}>
      {before > 0 && <span className="muted">{before.toLocaleString("en")} earlier numbers …</span>}
      {values.slice(before).map((value, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: values can repeat, and their order does not change
        <span key={before + index} className="one-number">
          {value}
        </span>
      ))}
    </p>
  );
}

function State({ run, to, wanted }: { run: Run; to: Service; wanted: string }): ReactNode {
  const got = to === "b" ? `${run.values.length.toLocaleString("en")} of ${wanted || "5"} numbers` : "";
  if (run.state === "running")
    return (
      <>
        <span className="spinner" aria-hidden="true" /> {got ? `${got} …` : "Waiting for the response …"}
      </>
    );
  if (run.state === "cancelled")
    return (
      <>
        <span className="badge warn">cancelled</span>
        {got && ` after ${got}`}. The gateway noticed it and cancelled the call to service {to.toUpperCase()},
        whose span ends a moment later.
      </>
    );
  if (run.state === "failed")
    return run.values.length > 0
      ? `Failed after ${got} and ${duration(run.ms)}.`
      : `Failed after ${duration(run.ms)}.`;
  const { timing } = run;
  return (
    <>
      <span className="badge ok">answered</span> after {duration(run.ms)}, measured in your browser.
      {timing &&
        ` The gateway took ${duration(timing.totalMs)}, ${duration(timing.upstreamMs)} of it for the call to the service, with `}
      {timing && `${bytes(timing.sent)} sent and ${bytes(timing.received)} received.`}
    </>
  );
}

/** Shows a problem document. */
function Failure({ run: { problem, error } }: { run: Run }) {
  const errors = Array.isArray(problem?.errors) ? problem.errors : [];
  return (
    <div className="problem" role="alert" data-testid="problem">
      <strong>
        {problem?.status !== undefined && <span className="badge bad number">{problem.status}</span>}{" "}
        {problem?.title ?? "No response"}
      </strong>
      <span>{error}</span>
      {problem && (
        <details>
          <summary>
            The problem document from the gateway{errors.length > 1 && ` (${errors.length} errors)`}
          </summary>
          <pre>{JSON.stringify(problem, null, 2)}</pre>
        </details>
      )}
    </div>
  );
}

/** Shows the path of a request: you → gateway → service. */
export function Path({ protocol, to }: { protocol: Protocol; to: Service }) {
  return (
    <p className="path">
      <span>you</span>
      <Arrow label="HTTP" />
      <ServiceName name={gatewayOf(protocol)} />
      <Arrow label={protocol === "grpc" ? "gRPC" : "REST"} />
      <ServiceName name={`service-${to}`} />
    </p>
  );
}

const Arrow = ({ label }: { label: string }) => (
  <span className="arrow">
    <small>{label}</small>
  </span>
);
