/** The values of the form in the traces view. */
export interface TraceFilter {
  readonly service: string;
  readonly status: "any" | "error";
  /** A duration in TraceQL, such as `100ms`. */
  readonly longerThan: string;
  /** The route of a request. */
  readonly route: string;
}

export const NO_TRACE_FILTER: TraceFilter = { service: "", status: "any", longerThan: "", route: "" };

/** Converts the values of the form to TraceQL that Tempo supports since 2023. */
export function writeTraceql({ service, status, longerThan, route }: TraceFilter): string {
  const conditions = [
    service && `resource.service.name = ${JSON.stringify(service)}`,
    route && `span.http.route = ${JSON.stringify(route)}`,
    status === "error" && "status = error",
    longerThan && `duration > ${longerThan}`,
  ].filter(Boolean);
  return conditions.length > 0 ? `{ ${conditions.join(" && ")} }` : "{ }";
}

const STRING = String.raw`("(?:[^"\\]|\\.)*")`;
const CONDITIONS = [
  [
    new RegExp(`^resource\\.service\\.name = ${STRING}$`),
    (value: string) => ({ service: String(JSON.parse(value)) }),
  ],
  [
    new RegExp(`^span\\.http\\.route = ${STRING}$`),
    (value: string) => ({ route: String(JSON.parse(value)) }),
  ],
  [/^status = (error)$/, () => ({ status: "error" as const })],
  [/^duration > (\d+(?:\.\d+)?(?:us|ms|s|m))$/, (value: string) => ({ longerThan: value })],
] as const;

/** Converts TraceQL to values of the form. Returns undefined if the form cannot express the query. */
export function readTraceql(query: string): TraceFilter | undefined {
  const inner = /^\{\s*(.*?)\s*\}$/s.exec(query.trim())?.[1];
  if (inner === undefined) return undefined;
  let filter = NO_TRACE_FILTER;
  try {
    for (const condition of inner === "" ? [] : inner.split(" && ")) {
      const parts = CONDITIONS.map(([shape, read]) => [shape.exec(condition)?.[1], read] as const);
      const found = parts.find(([value]) => value !== undefined);
      if (!found) return undefined;
      filter = { ...filter, ...found[1](found[0] ?? "") };
    }
  } catch {
    return undefined;
  }
  return writeTraceql(filter) === query.trim() ? filter : undefined;
}

/** Example queries. */
export const EXAMPLES: readonly (readonly [name: string, query: string])[] = [
  ["Everything", "{ }"],
  ["Failed", "{ status = error }"],
  ["Slower than 100 ms", "{ duration > 100ms }"],
  ["Through service-b", '{ resource.service.name = "service-b" }'],
  ["Streams", '{ span.http.route = "/b/numbers" }'],
  ["Bad input (400)", "{ span.http.response.status_code = 400 }"],
  ["Server errors", "{ span.http.response.status_code >= 500 }"],
];
