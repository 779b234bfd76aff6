import * as v from "valibot";

/**
 * Schema of a variable with a whole number from `min` to `max`: decimal digits only, because `1e3` and `0x50` are numbers
 * in JavaScript too. With `orZero`, 0 is also valid.
 */
export function wholeNumberVariable(
  fallback: number,
  { min, max, orZero = false, description = "a whole number from" }: WholeNumberRule,
) {
  const rule = `${orZero ? "0, or " : ""}${description} ${min} to ${max}`;
  return v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d+$/, rule),
      v.transform(Number),
      v.check((number) => (orZero && number === 0) || (number >= min && number <= max), rule),
    ),
    `${fallback}`,
  );
}

interface WholeNumberRule {
  readonly min: number;
  readonly max: number;
  readonly orZero?: boolean;
  /** The words before the range, in messages. */
  readonly description?: string;
}

/** Schema of a variable with a port. A server may listen on port 0, which means any free port. */
export const portVariable = (fallback: number, { min = 0 } = {}) =>
  wholeNumberVariable(fallback, { min, max: 65_535, description: "a port number," });

/** `URL` also accepts addresses without slashes, such as `http:localhost`, which are most likely mistakes. */
const isHttpUrl = (text: string): boolean => /^https?:\/\//i.test(text) && URL.canParse(text);

/** Schema of a variable with the address of another program. */
export const httpUrlVariable = v.pipe(
  v.string(),
  v.trim(),
  v.check(isHttpUrl, "an http or https URL such as http://127.0.0.1:8080"),
);

/** The default of `DRAIN_MS`. The grace periods of the launcher and of the containers include it. */
export const DEFAULT_DRAIN_MS = 10_000;

/** Schema of `DRAIN_MS`: the time for which running calls may continue after the start of a stop, in milliseconds. */
export const drainMsVariable = wholeNumberVariable(DEFAULT_DRAIN_MS, { min: 0, max: 300_000 });

/** Schema of a variable with the address that a server listens on: loopback unless it is set. */
export const hostVariable = v.optional(v.string(), "127.0.0.1");

/** Schema of a variable with a decimal number in a range; `rule` describes it. */
export const numberVariable = (min: number, max: number, rule: string) =>
  v.pipe(v.string(), v.transform(Number), v.number(rule), v.minValue(min, rule), v.maxValue(max, rule));

/** Schema of a variable with names separated by commas. */
export const listVariable = v.optional(
  v.pipe(
    v.string(),
    v.transform((text) => text.split(",").filter((name) => name !== "")),
  ),
  "",
);

/** Schema of a variable with one value, or with several different ones that are separated by commas. */
export const severalVariable = (item: v.GenericSchema<string, string>, rule: string, fallback: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(",").map((each) => each.trim())),
      v.check(
        (list) => new Set(list).size === list.length && list.every((each) => v.is(item, each)),
        `${rule}, or several different ones separated by commas`,
      ),
    ),
    fallback,
  );

/** Returns the variables that are set. An empty one counts as not set, as in a compose file with `${NAME:-}`. */
export const setVariables = (variables: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => !!entry[1]));

/**
 * Formats a value for messages: without user, password and query, which may be secrets, and in one line. The telemetry
 * package has the same function (`endpoint.ts`), because it must not depend on this one.
 */
const shown = (value: string): string =>
  value
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1***@")
    .replace(/[?#].*$/s, "?***")
    .replace(/\p{Cc}/gu, " ");

/** Returns one sentence for each invalid variable. The rules of the schema's issues follow "it must be". */
export const invalidVariables = (
  issues: readonly v.BaseIssue<unknown>[],
  variables: NodeJS.ProcessEnv,
): string =>
  issues
    .map((issue) => {
      const name = v.getDotPath(issue) ?? "";
      return `${name}=${shown(variables[name] ?? "")} is not valid: it must be ${issue.message}.`;
    })
    .join("\n");

/** Reads environment variables by a schema. Throws an error that names each invalid variable and its rule. */
export function readVariables<const Schema extends v.GenericSchema<unknown, unknown>>(
  schema: Schema,
  variables: NodeJS.ProcessEnv = process.env,
): v.InferOutput<Schema> {
  const set = setVariables(variables);
  const parsed = v.safeParse(schema, set, { abortPipeEarly: true });
  if (parsed.success) return parsed.output;
  throw new Error(invalidVariables(parsed.issues, set));
}
