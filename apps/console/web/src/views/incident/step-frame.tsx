import { type ReactNode, useEffect, useRef } from "react";
import { type Step, stepAfter, stepBefore, TEXTS } from "./steps.ts";

interface Props {
  readonly step: Exclude<Step, "done">;
  readonly done: boolean;
  readonly goTo: (step: Step) => void;
  /** Whether the heading takes the focus: after a step, not when the page is opened. */
  readonly focus: boolean;
  readonly children: ReactNode;
}

/** What every step has: its lesson, its live panel, what it waits for, and the way on. */
export function StepFrame({ step, done, goTo, focus, children }: Props) {
  const { title, teaching, waiting, done: said } = TEXTS[step];
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
          {done ? said : waiting}
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
