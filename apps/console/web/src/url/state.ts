import { useCallback, useMemo } from "react";
import { type NavigateFunction, useNavigate, useSearchParams } from "react-router";

/** Converts a value to URL parameters and back. An invalid parameter is read as the default. */
export interface Codec<T> {
  readonly read: (values: readonly string[]) => T;
  /** Returns an empty list for the default, so that the URL omits the parameter. */
  readonly write: (value: T) => readonly string[];
}

/** Returns a codec for strings. */
export const text = (fallback = ""): Codec<string> => ({
  read: ([value]) => value ?? fallback,
  write: (value) => (value === fallback ? [] : [value]),
});

/** Returns a codec for integers from `min` to `max`. */
export const wholeNumber = (
  fallback: number,
  { min = 0, max = Number.MAX_SAFE_INTEGER } = {},
): Codec<number> => ({
  read: ([value = ""]) => {
    const number = /^-?\d+$/.test(value) ? Number(value) : fallback;
    return number >= min && number <= max ? number : fallback;
  },
  write: (value) => (value === fallback ? [] : [String(value)]),
});

/** Returns a codec for one of several strings. */
export const oneOf = <const T extends string>(choices: readonly T[], fallback: NoInfer<T>): Codec<T> => ({
  read: ([value]) => choices.find((choice) => choice === value) ?? fallback,
  write: (value) => (value === fallback ? [] : [value]),
});

/** Returns a codec for booleans. */
export const flag = (fallback = false): Codec<boolean> => ({
  read: ([value]) => (value === undefined ? fallback : value === "1" || value === "true"),
  write: (value) => (value === fallback ? [] : [value ? "1" : "0"]),
});

/** A codec for repeated parameters, such as `level=error&level=warning`. */
export const list: Codec<readonly string[]> = { read: (values) => values, write: (values) => values };

export interface ChangeOptions {
  /** Replaces the entry in the browser's history. For automatic changes, and changes while the user types. */
  readonly replace?: boolean;
}

/**
 * Stores a value in the URL: `const [name, setName] = useUrlState("name", text())`. Back undoes a change, unless it was
 * made with `replace`. Simultaneous changes are one step. The codec must be the same object in every render.
 */
export function useUrlState<T>(
  name: string,
  codec: Codec<T>,
): readonly [T, (value: T, options?: ChangeOptions) => void] {
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const written = params.getAll(name).join("\0");
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal parameters return the same value, for use in effects
  const value = useMemo(() => codec.read(params.getAll(name)), [written, name, codec]);
  const set = useCallback(
    (next: T, options: ChangeOptions = {}) => change(navigate, { [name]: codec.write(next) }, options),
    [navigate, name, codec],
  );
  return [value, set];
}

/** Sets several parameters at once. An empty list removes a parameter. */
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
