import "../../timeline/timeline.css";
import "./incident.css";
import { type ComponentType, useRef } from "react";
import { Problem } from "../../app/components.tsx";
import { useTitle } from "../../app/hooks.ts";
import { AlertStep } from "./alert-step.tsx";
import { BreakStep } from "./break-step.tsx";
import { ExemplarStep } from "./exemplar-step.tsx";
import { LeaveDialog } from "./leave-dialog.tsx";
import { LogStep } from "./log-step.tsx";
import type { Step } from "./steps.tsx";
import { StepFrame, Stepper } from "./steps.tsx";
import { Summary } from "./summary.tsx";
import { TraceStep } from "./trace-step.tsx";
import { type Incident, isDone, useIncident } from "./use-incident.ts";

const PANELS: Readonly<Record<Exclude<Step, "done">, ComponentType<{ incident: Incident }>>> = {
  "1": BreakStep,
  "2": AlertStep,
  "3": ExemplarStep,
  "4": TraceStep,
  "5": LogStep,
};

/**
 * `/incident?step=2&at=…&trace=…`: the guided incident, from a fault to its alert, exemplar, trace, log line and fix,
 * with live data.
 */
export default function GuidedIncident() {
  useTitle("Guided incident");
  const incident = useIncident();
  const { step, goTo, episodeState, error, begun, timeOf, trace, spanKey } = incident;
  const moved = useRef(false);
  const go = (next: Step) => {
    moved.current = true;
    goTo(next);
  };
  const done = (each: Step) => isDone({ step: each, timeOf, trace, spanKey });
  const Panel = step === "done" ? undefined : PANELS[step];
  const errors = [...episodeState.errors, ...(error ? [error] : [])];
  return (
    <section className="page incident">
      <h1>Guided incident</h1>
      <p className="lead">
        Break a service, get paged for it, and find the log line that names the cause, in five steps and about
        three minutes. All data is live.
      </p>
      <Stepper step={step} done={done} goTo={go} />
      {[...new Set(errors.map(({ message }) => message))].map((message) => (
        <Problem key={message} error={new Error(message)} title="A request failed." />
      ))}
      {!begun && step !== "1" && step !== "done" && (
        <p className="card incident-action">
          No fault was set yet, so this step has no data.
          <button type="button" className="button" onClick={() => go("1")}>
            Start with step 1
          </button>
        </p>
      )}
      {step === "done" || !Panel ? (
        <Summary incident={{ ...incident, goTo: go }} focus={moved.current} />
      ) : (
        <StepFrame key={step} step={step} done={done(step)} goTo={go} focus={moved.current}>
          <Panel incident={{ ...incident, goTo: go }} />
        </StepFrame>
      )}
      <LeaveDialog incident={incident} />
    </section>
  );
}
