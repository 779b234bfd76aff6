import { STEPS, type Step, TEXTS } from "./steps.ts";

interface Props {
  readonly step: Step;
  readonly done: (step: Step) => boolean;
  readonly goTo: (step: Step) => void;
}

/** The five steps, and where one is. Each can be gone to. */
export function Stepper({ step, done, goTo }: Props) {
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
