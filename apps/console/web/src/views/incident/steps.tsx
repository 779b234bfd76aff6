import { type ReactNode, useEffect, useRef } from "react";

/** The fault of the tour. It raises one alert and has its cause in one service. */
export const FAULT = "slow-b";
export const FAULT_FOR_MS = 5 * 60_000;

export const STEPS = ["1", "2", "3", "4", "5", "done"] as const;
export type Step = (typeof STEPS)[number];

interface Text {
  readonly short: string;
  readonly title: string;
  readonly teaching: string;
  /** The condition of the step, and the text when it is met. */
  readonly waiting: string;
  readonly done: string;
}

export const TEXTS: Readonly<Record<Exclude<Step, "done">, Text>> = {
  "1": {
    short: "Break",
    title: "Break something",
    teaching:
      "Service B sends numbers at a promised pace: 99 % of its streams may be at most 150 ms late. Make every call to it 400 ms slower, and watch the demo traffic suffer. Nothing has failed: every answer is still a 200. That is why a promise about time is needed to notice.",
    waiting: "Break it, and wait for the first request that suffers.",
    done: "Requests suffer: the first one met the fault.",
  },
  "2": {
    short: "Alert",
    title: "Let the alert find it",
    teaching:
      "The burn rate says how many times too fast the error budget is spent: at 1 it lasts exactly as long as it must. Prometheus looks at a long window, so that it matters, and a short one, so that it is still going on. With both over 14.4 the alert is pending; when that has held for six seconds it fires, and Alertmanager sends it.",
    waiting: "Wait until the alert fires and has been delivered.",
    done: "The alert fired, and was delivered.",
  },
  "3": {
    short: "Exemplar",
    title: "From a graph to one request",
    teaching:
      "An alert says that something is slow, never why. But a histogram remembers an example for each of its buckets: an exemplar, with the trace id of one real request. Every point below is such a request. Choose one above the line.",
    waiting: "Choose a point above the line.",
    done: "This request met the fault, and its trace is there.",
  },
  "4": {
    short: "Trace",
    title: "Where the time went",
    teaching:
      "This is that one request on its way through the services. Each bar is a span, one piece of work; what it waited for lies below it, and it is pale while it waits. The gateway is long only because it waits. Which span took the time itself? Choose it.",
    waiting: "Choose the span that took the time.",
    done: "Found: this span took the time.",
  },
  "5": {
    short: "Log line, and the fix",
    title: "The line that names the cause, and the fix",
    teaching:
      "A trace says where, a log line says why. Every line that was written during this request carries its trace id, so none has to be searched for. Read the marked one, then mend the fault. The short window of the alert clears within seconds; the slower page, which looks at a whole minute, takes that long.",
    waiting: "Fix it, and wait until the alert is resolved.",
    done: "Fixed, and every alert of it is resolved.",
  },
};

export const stepBefore = (step: Step): Step => STEPS[STEPS.indexOf(step) - 1] ?? "1";
export const stepAfter = (step: Step): Step => STEPS[STEPS.indexOf(step) + 1] ?? "done";

interface StepperProps {
  readonly step: Step;
  readonly done: (step: Step) => boolean;
  readonly goTo: (step: Step) => void;
}

/** Links to the five steps. */
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
  /** Whether the heading gets the focus: after a change of the step, not when the page opens. */
  readonly focus: boolean;
  readonly children: ReactNode;
}

/** The frame of each step: explanation, panel, condition and buttons. */
export function StepFrame({ step, done, goTo, focus, children }: StepFrameProps) {
  const { title, teaching, waiting, done: message } = TEXTS[step];
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus moves when the step does
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
