import { z } from "zod";

/**
 * Schema of a variable with a port: decimal digits only, because `1e3` and `0x50` are numbers in JavaScript but not
 * valid ports. A server may listen on port 0, which means any free port.
 */
export function portVariable(fallback: number, { min = 0 } = {}) {
  const rule = { error: `a port number, ${min} to 65535` };
  return z
    .string()
    .regex(/^\d+$/, rule)
    .transform(Number)
    .pipe(z.number().min(min, rule).max(65_535, rule))
    .default(fallback);
}

/** Schema of a variable with the address of another program. */
export const httpUrlVariable = z.url({
  protocol: /^https?$/,
  error: "an http or https URL such as http://127.0.0.1:8080",
});

/** Schema of a variable with the address that a server listens on: loopback unless it is set. */
export const hostVariable = z.string().default("127.0.0.1");

/** Schema of a variable with names separated by commas. */
export const listVariable = z
  .string()
  .default("")
  .transform((text) => text.split(",").filter((name) => name !== ""));

/** The variables that are set. An empty one counts as not set, as in a compose file with `${NAME:-}`. */
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

/** One sentence for each invalid variable. The rules of the schema's errors follow "it must be". */
export const invalidVariables = (error: z.ZodError, variables: NodeJS.ProcessEnv): string =>
  error.issues
    .map(({ path: [name], message }) => {
      const value = shown(variables[String(name)] ?? "");
      return `${String(name)}=${value} is not usable: it must be ${message}.`;
    })
    .join("\n");

/** Reads environment variables by a schema. Throws an error that names each invalid variable and its rule. */
export function readVariables<Schema extends z.ZodObject>(
  schema: Schema,
  variables: NodeJS.ProcessEnv = process.env,
): z.output<Schema> {
  const set = setVariables(variables);
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  throw new Error(invalidVariables(parsed.error, set));
}
