import { type ReactNode, useEffect, useRef } from "react";

/** The fault of the guided incident. It raises one alert and has its cause in one service. */
export const FAULT = "slow-b";
export const FAULT_FOR_MS = 5 * 60_000;

export const STEPS = ["1", "2", "3", "4", "5", "done"] as const;
export type Step = (typeof STEPS)[number];

interface Text {
  readonly short: string;
  readonly title: string;
  readonly teaching: string;
  /** The message until the condition of the step is met, and the message (`done`) afterwards. */
  readonly waiting: string;
  readonly done: string;
}

const TEXTS: Readonly<Record<Exclude<Step, "done">, Text>> = {
  "1": {
    short: "Break",
    title: "Break something",
    teaching:
      "Service B streams numbers. Its objective: 99 % of the streams are at most 150 ms late. Make every call to it 400 ms slower and watch the demo traffic. No request fails, every response is still a 200. Only a latency objective detects this.",
    waiting: "Break it, and wait for the first affected request.",
    done: "The fault has affected a request.",
  },
  "2": {
    short: "Alert",
    title: "The alert detects it",
    teaching:
      "The burn rate is the speed at which the error budget is spent: at 1, it lasts exactly for its period. Prometheus checks a long window, to ignore short problems, and a short one, to ignore problems that are over. If both are above 14.4, the alert is pending. After six seconds it fires, and Alertmanager sends it.",
    waiting: "Wait until the alert has fired and has been delivered.",
    done: "The alert fired and was delivered.",
  },
  "3": {
    short: "Exemplar",
    title: "From a graph to one request",
    teaching:
      "An alert tells you that something is slow, but not why. A histogram stores an exemplar for each bucket: the trace id of one real request. Every point below is such a request. Choose one above the line.",
    waiting: "Choose a point above the line.",
    done: "The fault affected this request, and its trace is available.",
  },
  "4": {
    short: "Trace",
    title: "Find the slow span",
    teaching:
      "This is the trace of that request. Each bar is a span: one operation in one service. The operations that it waits for are below it, and the bar is pale while it waits. The gateway's span is long only because it waits. Which span caused the delay? Choose it.",
    waiting: "Choose the span that caused the delay.",
    done: "Correct: this span caused the delay.",
  },
  "5": {
    short: "Log line and fix",
    title: "The log line that names the cause, and the fix",
    teaching:
      "A trace shows where a request was slow, a log line shows why. All log lines of this request contain its trace id, so one query finds them. Read the marked line, then end the fault. The alert with the short window is resolved within seconds, the one with the longer window within a minute.",
    waiting: "Fix it, and wait until all its alerts are resolved.",
    done: "Fixed, and all its alerts are resolved.",
  },
};

/** Returns the previous step. */
const stepBefore = (step: Step): Step => STEPS[STEPS.indexOf(step) - 1] ?? "1";
/** Returns the next step. */
const stepAfter = (step: Step): Step => STEPS[STEPS.indexOf(step) + 1] ?? "done";

interface StepperProps {
  readonly step: Step;
  readonly done: (step: Step) => boolean;
  readonly goTo: (step: Step) => void;
}

/** Buttons that open the five steps. */
export function Stepper({ step, done, goTo }: StepperProps) {
  return (
    <nav aria-label="Steps of the incident">
      <ol className="stepper">
        {STEPS.map((each) => {
          if (each === "done") return null;
          const ticked = done(each);
          return (
            <li key={each}>
              <button
                type="button"
                aria-current={each === step ? "step" : undefined}
                data-done={ticked}
                data-testid={`step-${each}`}
                onClick={() => goTo(each)}
              >
                <span className="stepper-mark" aria-hidden="true">
                  {ticked ? "✓" : each}
                </span>
                <span className="stepper-name">{TEXTS[each].short}</span>
                {ticked && <span className="visually-hidden">, done</span>}
              </button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

interface StepFrameProps {
  readonly step: Exclude<Step, "done">;
  readonly done: boolean;
  readonly goTo: (step: Step) => void;
  /** Whether to focus the heading. False when the page opens, true after the step changes. */
  readonly focus: boolean;
  readonly children: ReactNode;
}

/** Shows the layout of each step: explanation, panel, condition and buttons. */
export function StepFrame({ step, done, goTo, focus, children }: StepFrameProps) {
  const { title, teaching, waiting, done: message } = TEXTS[step];
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: focus the heading when the step changes
  useEffect(() => {
    if (focus) heading.current?.focus();
  }, [step]);
  return (
    <section
      className="card incident-step"
      aria-labelledby="step-title"
      data-testid="incident-step"
      data-step={step}
    >
      <h2 id="step-title" ref={heading} tabIndex={-1}>
        <span className="muted">Step {step} of 5</span>
        {title}
      </h2>
      <p className="teaching">{teaching}</p>
      <div className="incident-panel">{children}</div>
      <footer>
        <p className="condition" role="status" data-testid="condition" data-done={done}>
          <span className="condition-mark" aria-hidden="true">
            {done ? "✓" : ""}
          </span>
          {done ? message : waiting}
        </p>
        <div className="incident-buttons">
          {step !== "1" && (
            <button type="button" className="button quiet" onClick={() => goTo(stepBefore(step))}>
              Back
            </button>
          )}
          {!done && (
            <button type="button" className="button quiet" onClick={() => goTo(stepAfter(step))}>
              Skip this step
            </button>
          )}
          <button
            type="button"
            className="button primary"
            data-testid="next"
            aria-disabled={!done}
            onClick={() => done && goTo(stepAfter(step))}
          >
            {step === "5" ? "Finish" : "Next"}
          </button>
        </div>
      </footer>
    </section>
  );
}
