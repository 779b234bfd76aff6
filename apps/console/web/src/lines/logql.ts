/** The values of the form in the logs view. */
export interface LineFilter {
  readonly service: string;
  readonly levels: readonly string[];
  readonly text: string;
  readonly trace: string;
}

export const NO_FILTER: LineFilter = { service: "", levels: [], text: "", trace: "" };

/** Quotes a string as JSON, which is also valid in LogQL (Go syntax). */
const quoted = (text: string) => JSON.stringify(text);

/** Converts the values of the form to LogQL. */
export function writeLogql({ service, levels, text, trace }: LineFilter): string {
  const labels = [
    service ? `service_name=${quoted(service)}` : 'service_name=~".+"',
    ...(levels.length === 1 ? [`level=${quoted(levels[0] ?? "")}`] : []),
    ...(levels.length > 1 ? [`level=~${quoted(levels.map(escaped).join("|"))}`] : []),
  ];
  const contains = text ? ` |= ${quoted(text)}` : "";
  const ofTrace = trace ? ` | trace_id=${quoted(trace)}` : "";
  return `{${labels.join(", ")}}${contains}${ofTrace}`;
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const STRING = String.raw`("(?:[^"\\]|\\.)*")`;
const SHAPE = new RegExp(
  String.raw`^\{service_name=(?:~"\.\+"|${STRING})(?:, level=(~?)${STRING})?\}(?: \|= ${STRING})?(?: \| trace_id=${STRING})?$`,
);

/** Converts LogQL to values of the form. Returns undefined if the form cannot express the query. */
export function readLogql(query: string): LineFilter | undefined {
  const found = SHAPE.exec(query.trim());
  if (!found) return undefined;
  const [, service, many, level, text, trace] = found;
  const textOf = (part: string | undefined) => (part === undefined ? "" : unquoted(part));
  const levels =
    level === undefined
      ? []
      : many
        ? (textOf(level).match(/(?:\\.|[^|\\])+/g) ?? []).map(plain)
        : [textOf(level)];
  const filter = { service: textOf(service), levels, text: textOf(text), trace: textOf(trace) };
  return writeLogql(filter) === query.trim() ? filter : undefined;
}

const plain = (text: string) => text.replace(/\\(.)/g, "$1");

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return "";
  }
}

/** Returns LogQL for the lines of one trace in all services. */
export const linesOfTrace = (trace: string): string => writeLogql({ ...NO_FILTER, trace });
