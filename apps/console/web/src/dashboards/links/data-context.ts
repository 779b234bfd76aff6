import { type DataFrame, type DisplayValue, type Field, getFieldDisplayName } from "@grafana/data";
import type { Meaning } from "../variables/interpolate.ts";

/** The value that a link belongs to: a point of a series, a cell, or a series as a whole. */
export interface DataContext {
  readonly data?: readonly DataFrame[];
  readonly frame?: DataFrame;
  readonly field?: Field;
  readonly rowIndex?: number;
  readonly calculatedValue?: DisplayValue;
}

/** Returns the value of `__value.raw`, `__field.labels.job`, `__data.fields["name"]` or `__series.name` for a link. */
export function dataMeaning(path: string, context: DataContext): Meaning | undefined {
  const { frame, field, rowIndex, calculatedValue } = context;
  const [root = "", ...rest] = parts(path);
  if (root === "__value" && field) {
    const raw = rowIndex === undefined ? calculatedValue?.numeric : field.values[rowIndex];
    if (rest[0] === "time") return one(rowIndex === undefined ? "" : timeAt(frame, rowIndex));
    if (rest[0] === "text") return one(calculatedValue?.text ?? field.display?.(raw).text ?? String(raw));
    if (rest[0] === "numeric") return one(String(calculatedValue?.numeric ?? Number(raw)));
    return one(raw === undefined || raw === null ? (calculatedValue?.text ?? "") : String(raw));
  }
  if (root === "__field" && field) {
    if (rest[0] === "labels")
      return one(rest.length > 1 ? (field.labels?.[rest.slice(1).join(".")] ?? "") : labelText(field));
    return one(rest[0] === "name" && frame ? getFieldDisplayName(field, frame) : field.name);
  }
  if (root === "__series" && frame)
    return one(frame.name ?? (field ? getFieldDisplayName(field, frame) : ""));
  if (root === "__data" && rest[0] === "fields" && frame) {
    const [, name = "", what] = rest;
    const found =
      frame.fields[Number(name)] ??
      frame.fields.find((each) => getFieldDisplayName(each, frame) === name || each.name === name);
    const value = found?.values[rowIndex ?? 0];
    return one(what === "text" ? (found?.display?.(value).text ?? "") : String(value ?? ""));
  }
  return undefined;
}

const one = (value: string): Meaning => ({ values: [value] });

const labelText = ({ labels = {} }: Field) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ");

const timeAt = (frame: DataFrame | undefined, rowIndex: number) =>
  String(frame?.fields.find(({ type }) => type === "time")?.values[rowIndex] ?? "");

/** `a.b["c d"][0]` → a, b, c d, 0. */
const parts = (path: string): string[] =>
  [...path.matchAll(/\[["']?([^\]"']*)["']?\]|([^.[\]]+)/g)].map(([, inside, bare]) => inside ?? bare ?? "");
