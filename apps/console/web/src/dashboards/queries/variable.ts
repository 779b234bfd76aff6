import { logLabelValues } from "../../api/loki.ts";
import { labelNames, labelValues, query, type UnixRange } from "../../api/prometheus.ts";
import { attributeValues } from "../../api/tempo.ts";
import { legend } from "../frames/prometheus.ts";
import type { Variable } from "../model/variable.ts";

const LABEL_VALUES = /^\s*label_values\(\s*(?:(.+?)\s*,\s*)?([\w.-]+)\s*\)\s*$/s;

/** Fetches the options of a variable. Its query must be interpolated already. Throws for an unsupported query. */
export async function askVariable(
  variable: Pick<Variable, "datasource" | "labelOf" | "name">,
  text: string,
  span: UnixRange,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { datasource, labelOf } = variable;
  const [, selector, label] = LABEL_VALUES.exec(text) ?? [];
  if (datasource.type === "loki") {
    const name = labelOf?.label ?? label;
    if (name) {
      const range = { from: span.from * 1000, to: span.to * 1000 };
      return logLabelValues(name, { selector: labelOf?.stream ?? selector, range }, signal);
    }
  } else if (datasource.type === "tempo") {
    const name = labelOf?.label ?? label;
    if (name) return attributeValues(name, signal);
  } else if (label) return labelValues(label, selector, span, signal);
  else if (/^\s*label_names\(\s*\)\s*$/.test(text)) return labelNames(undefined, span, signal);
  else {
    const [, metrics] = /^\s*metrics\((.+)\)\s*$/s.exec(text) ?? [];
    if (metrics) return matching(await labelValues("__name__", undefined, span, signal), metrics);
    const [, expr = text] = /^\s*query_result\((.+)\)\s*$/s.exec(text) ?? [];
    return results(expr, span, signal);
  }
  throw new Error(
    `The console does not support the query of the variable ${variable.name}: ${text || "(empty)"}`,
  );
}

/** Formats series in Grafana's notation: `name{label="value"} 1 1700000000000`. */
async function results(expr: string, { to }: UnixRange, signal?: AbortSignal) {
  const series = await query(expr, to, signal);
  return series.map(
    ({ metric, values: [sample] }) =>
      `${legend("", metric, "{}")} ${sample?.[1]} ${(sample?.[0] ?? 0) * 1000}`,
  );
}

function matching(names: readonly string[], pattern: string): readonly string[] {
  const regex = new RegExp(pattern.slice(0, 500));
  return names.filter((name) => regex.test(name));
}
