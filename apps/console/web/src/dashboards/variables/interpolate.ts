import { FORMATS } from "./format.ts";

/**
 * The replacement for a reference: a text, or values to format. With `raw` the values are inserted without formatting,
 * for example the pattern for "All".
 */
export type Meaning =
  | string
  | { readonly values: readonly string[]; readonly raw?: boolean; readonly text?: string };

/** Looks up a name or path (`service`, `__field.labels.job`). If it returns undefined, the reference is not replaced. */
export type Resolve = (path: string) => Meaning | undefined;

/** `$name`, `${name}`, `${path.to["x"]:format}`, `[[name]]`, `[[name:format]]`. */
const REFERENCE =
  /\$(\w+)|\$\{([\w.]+(?:\[[^\]}]*\])*(?:\.[\w.]+)*)(?::([^}]+))?\}|\[\[(\w+)(?::(\w+))?\]\]/g;

/** Replaces every reference in a text. `format` applies to references without a format. */
export function interpolate(text: string, resolve: Resolve, format = "glob"): string {
  return text.replace(REFERENCE, (reference, bare, path, ofPath, bracketed, ofBracketed) => {
    const name: string = bare ?? path ?? bracketed;
    const meaning = resolve(name);
    if (meaning === undefined) return reference;
    const asked: string | undefined = ofPath ?? ofBracketed;
    if (typeof meaning === "string") return asked ? write([meaning], asked, name) : meaning;
    if (asked === "text" && meaning.text !== undefined) return meaning.text;
    if (meaning.raw && !URL_FORMATS.has(asked ?? format)) return meaning.values.join(",");
    return write(meaning.values, asked ?? format, name);
  });
}

const URL_FORMATS = new Set(["queryparam", "percentencode", "uriencode"]);

const write = (values: readonly string[], format: string, name: string): string =>
  (FORMATS[format] ?? FORMATS.glob ?? String)(values, name);

/** Returns the names that a text refers to. */
export const referencesIn = (text: string): string[] =>
  [...text.matchAll(REFERENCE)].map(([, bare, path, , bracketed]) => bare ?? path ?? bracketed ?? "");
