import type { Labels } from "../../api/prometheus.ts";

/** What a series is called: `{{service_name}} p99` with its labels put in, or else its labels in braces. */
export function legend(format: string, labels: Labels, expr: string): string {
  if (format !== "" && format !== "__auto")
    return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name: string) => labels[name] ?? "");
  const { __name__: name = "", ...others } = labels;
  const entries = Object.entries(others);
  if (format === "__auto" && entries.length === 1 && entries[0]) return entries[0][1];
  const inside = entries.map(([label, value]) => `${label}="${value}"`).join(", ");
  return inside || name === "" ? (inside ? `${name}{${inside}}` : expr) : name;
}
