import { milliseconds } from "../time/interval.ts";
import type { Option } from "./values.ts";

/** `a,b : 1,"c\,d"`: values, some with a text of their own. */
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

/** `30s,1m,5m`, shortest first. `auto` stays out: it is what `$__interval` is. */
export const intervalOptions = (query: string): Option[] =>
  customOptions(query).filter(({ value }) => milliseconds(value) !== undefined);

/** Keeps what the variable's regular expression lets through: its group `value` or its first group, if it has one. */
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

/** `/pattern/i`, or the pattern by itself. One that is broken filters nothing; so does one that is overlong. */
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

/** Grafana's `sort`: 1, 2 by letters, 3, 4 by number, 5, 6 whatever the case; odd is upwards. */
export function sorted(options: readonly Option[], sort: number): Option[] {
  const by = [undefined, collator, numeric, folded, numeric][Math.ceil(sort / 2)];
  const unique = [...new Map(options.map((option) => [option.value, option])).values()];
  if (!by) return unique;
  const upwards = unique.sort((a, b) => by.compare(a.text, b.text));
  return sort % 2 === 0 ? upwards.reverse() : upwards;
}
