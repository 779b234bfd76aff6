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
