import { useCallback, useMemo } from "react";
import { type NavigateFunction, useNavigate, useSearchParams } from "react-router";

/** How a value is written into the URL and read out of it again. What cannot be read is the default: a URL is anybody's. */
export interface Codec<T> {
  readonly read: (values: readonly string[]) => T;
  /** Nothing: the parameter is left out, because the value is the default. */
  readonly write: (value: T) => readonly string[];
}

export const text = (byDefault = ""): Codec<string> => ({
  read: ([value]) => value ?? byDefault,
  write: (value) => (value === byDefault ? [] : [value]),
});

/** A number without fraction from `min` to `max`. */
export const whole = (byDefault: number, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): Codec<number> => ({
  read: ([value = ""]) => {
    const number = /^-?\d+$/.test(value) ? Number(value) : byDefault;
    return number >= min && number <= max ? number : byDefault;
  },
  write: (value) => (value === byDefault ? [] : [String(value)]),
});

export const oneOf = <const T extends string>(choices: readonly T[], byDefault: NoInfer<T>): Codec<T> => ({
  read: ([value]) => choices.find((choice) => choice === value) ?? byDefault,
  write: (value) => (value === byDefault ? [] : [value]),
});

export const flag = (byDefault = false): Codec<boolean> => ({
  read: ([value]) => (value === undefined ? byDefault : value === "1" || value === "true"),
  write: (value) => (value === byDefault ? [] : [value ? "1" : "0"]),
});

/** The parameter repeated: `level=error&level=warning`. */
export const list: Codec<readonly string[]> = { read: (values) => values, write: (values) => values };

export interface ChangeOptions {
  /** The place that Back leads to is not this one: for what changes while one types or by itself. */
  readonly replace?: boolean;
}

/**
 * A value that lives in the URL: `const [name, setName] = useUrlState("name", text())`. A change is a step that Back
 * undoes, unless it says `replace`. Several changes in one go are one step. Keep the codec outside of the component.
 */
export function useUrlState<T>(
  name: string,
  codec: Codec<T>,
): readonly [T, (value: T, options?: ChangeOptions) => void] {
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const written = params.getAll(name).join("\0");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same text is the same value, so that effects can depend on it
  const value = useMemo(() => codec.read(params.getAll(name)), [written, name, codec]);
  const set = useCallback(
    (next: T, options: ChangeOptions = {}) => change(navigate, { [name]: codec.write(next) }, options),
    [navigate, name, codec],
  );
  return [value, set];
}

/** Sets several parameters at once; an empty list takes one away. */
export function useUrlChange() {
  const navigate = useNavigate();
  return useCallback(
    (params: Readonly<Record<string, readonly string[]>>, options: ChangeOptions = {}) =>
      change(navigate, params, options),
    [navigate],
  );
}

interface Step {
  readonly params: URLSearchParams;
  replace: boolean;
}

let step: Step | undefined;

function change(
  navigate: NavigateFunction,
  params: Readonly<Record<string, readonly string[]>>,
  { replace = false }: ChangeOptions,
) {
  if (!step) {
    const begun: Step = { params: new URLSearchParams(location.search), replace: true };
    step = begun;
    queueMicrotask(() => {
      step = undefined;
      const search = begun.params.toString();
      if (search === new URLSearchParams(location.search).toString()) return;
      void navigate(
        { search: search && `?${search}`, hash: location.hash },
        { replace: begun.replace, preventScrollReset: true },
      );
    });
  }
  step.replace &&= replace;
  for (const [name, values] of Object.entries(params)) {
    step.params.delete(name);
    for (const value of values) step.params.append(name, value);
  }
}
