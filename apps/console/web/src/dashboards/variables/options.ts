import { parseDurationMs } from "../../range/range.ts";
import type { Option } from "./values.ts";

/** Parses a custom list such as `a,b : 1,c\,d`. An option may have a text that differs from its value: `text : value`. */
export function customOptions(query: string): Option[] {
  return query
    .split(/(?<!\\),/)
    .map((part) => part.replace(/\\,/g, ",").trim())
    .filter((part) => part !== "")
    .map((part) => {
      const [, text, value] = /^(.+)\s:\s(.+)$/s.exec(part) ?? [];
      return { text: (text ?? part).trim(), value: (value ?? part).trim() };
    });
}

/** Parses a list of intervals such as `30s,1m,5m`. Omits `auto`, which is the same as `$__interval`. */
export const intervalOptions = (query: string): Option[] =>
  customOptions(query).filter(({ value }) => parseDurationMs(value) !== undefined);

/** Keeps the values that match the variable's regular expression. If it has a group, the group's text is the value. */
export function filtered(values: readonly string[], regex: string): Option[] {
  const pattern = patternOf(regex);
  if (!pattern) return values.map((value) => ({ value, text: value }));
  return values.flatMap((value) => {
    const match = pattern.exec(value);
    if (!match) return [];
    const { value: named, text } = match.groups ?? {};
    const found = named ?? match[1] ?? text ?? value;
    return [{ value: found, text: text ?? found }];
  });
}

/** Parses `/pattern/i` or a pattern without slashes. Returns undefined if it is invalid or too long: no value is removed. */
function patternOf(regex: string): RegExp | undefined {
  if (regex === "" || regex.length > 500) return undefined;
  const [, pattern = regex, flags = ""] = /^\/(.*)\/([imsu]*)$/s.exec(regex) ?? [];
  try {
    return new RegExp(pattern, flags);
  } catch {
    return undefined;
  }
}

const collator = new Intl.Collator("en");
const numeric = new Intl.Collator("en", { numeric: true });
const folded = new Intl.Collator("en", { sensitivity: "base" });

/**
 * Removes duplicates and sorts by Grafana's `sort`: 1 and 2 alphabetically, 3 and 4 by number, 5 and 6 without regard to
 * case. Odd numbers sort in ascending order, even ones in descending order.
 */
export function sorted(options: readonly Option[], sort: number): Option[] {
  const by = [undefined, collator, numeric, folded, numeric][Math.ceil(sort / 2)];
  const unique = [...new Map(options.map((option) => [option.value, option])).values()];
  if (!by) return unique;
  const upwards = unique.sort((a, b) => by.compare(a.text, b.text));
  return sort % 2 === 0 ? upwards.reverse() : upwards;
}
