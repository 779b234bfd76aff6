import { useEffect, useState } from "react";
import { useUrlChange } from "../../url/state.ts";
import { ALL } from "../model/variable.ts";
import type { Option, VariableState } from "../variables/values.ts";
import { Menu } from "./menu.tsx";

/** Shows a variable's name and a control for its value: a text field, a list or a menu. The URL stores the choice. */
export function VariableControl({ state }: { readonly state: VariableState }) {
  const { variable } = state;
  const change = useUrlChange();
  const set = (values: readonly string[], replace = false) =>
    change({ [`var-${variable.name}`]: values }, { replace });
  return (
    <div className="variable" title={variable.description || undefined} data-variable={variable.name}>
      <span className="variable-name">{variable.label}</span>
      {variable.type === "textbox" ? (
        <TextControl state={state} set={set} />
      ) : variable.multi ? (
        <ManyControl state={state} set={set} />
      ) : (
        <OneControl state={state} set={set} />
      )}
    </div>
  );
}

interface ControlProps {
  readonly state: VariableState;
  readonly set: (values: readonly string[], replace?: boolean) => void;
}

/** A typed text is used when no key has been pressed for this long. */
const TYPING_MS = 400;

function TextControl({ state: { variable, chosen }, set }: ControlProps) {
  const given = chosen[0] ?? "";
  const [typed, setTyped] = useState(given);
  useEffect(() => setTyped(given), [given]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the timer restarts only when the user types
  useEffect(() => {
    if (typed === given) return;
    const timer = setTimeout(() => set([typed], true), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <input
      className="input"
      aria-label={variable.label}
      value={typed}
      maxLength={1000}
      placeholder="Any"
      onChange={({ target }) => setTyped(target.value)}
      onKeyDown={({ key }) => key === "Enter" && set([typed])}
    />
  );
}

function OneControl({ state, set }: ControlProps) {
  const { variable, chosen } = state;
  const options = offered(state);
  return (
    <select
      className="select"
      aria-label={variable.label}
      value={chosen[0] ?? ""}
      onChange={({ target }) => set([target.value])}
    >
      {options.map(({ value, text }) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}

function ManyControl({ state, set }: ControlProps) {
  const { variable, chosen, error, isLoading } = state;
  const options = offered(state);
  const toggle = (value: string) => {
    if (value === ALL) return set([ALL]);
    const others = chosen.filter((one) => one !== ALL && one !== value);
    const next = chosen.includes(value) ? others : [...others, value];
    set(next.length > 0 ? next : variable.includeAll ? [ALL] : []);
  };
  const label = chosen
    .map((value) => options.find((option) => option.value === value)?.text ?? value)
    .join(" + ");
  return (
    <Menu label={<span className="variable-value">{label || (isLoading ? "…" : "None")}</span>} align="left">
      <ul className="choices" aria-label={variable.label}>
        {options.map(({ value, text }) => (
          <li key={value}>
            <label>
              <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} /> {text}
            </label>
          </li>
        ))}
      </ul>
      {error && <p className="problem">{error.message}</p>}
    </Menu>
  );
}

/** Returns the options of a variable: "All" first if it is allowed, and last the chosen values that are not options. */
function offered({ variable, options, chosen }: VariableState): readonly Option[] {
  const strange = chosen.filter(
    (value) => value !== ALL && !options.some((option) => option.value === value),
  );
  return [
    ...(variable.includeAll ? [{ value: ALL, text: "All" }] : []),
    ...options,
    ...strange.map((value) => ({ value, text: value })),
  ];
}
