/** A read-only endpoint of a backend. */
export interface Endpoint {
  readonly path: RegExp;
  readonly params: readonly string[];
  /** Additional parameters that may be repeated. */
  readonly repeated?: readonly string[];
  /** The body to return if the backend responds with 404, for endpoints where that is not an error. */
  readonly empty?: string;
}

/** The endpoints of a backend below a base path. */
export interface Api {
  readonly base: string;
  readonly endpoints: readonly Endpoint[];
}

// No pattern matches an additional slash, a dot segment or a `%`, so only these exact paths are forwarded.
const LABEL_VALUES = /^label\/[a-zA-Z_][a-zA-Z0-9_]{0,199}\/values$/;
const RANGE = ["start", "end"];

/** The endpoints of each backend that a browser may read. Requests to others get 404. */
export const ALLOWED = {
  prometheus: {
    base: "/api/v1/",
    endpoints: [
      { path: /^query$/, params: ["query", "time", "limit"] },
      { path: /^query_range$/, params: ["query", ...RANGE, "step", "limit"] },
      { path: /^query_exemplars$/, params: ["query", ...RANGE] },
      { path: /^series$/, params: [...RANGE, "limit"], repeated: ["match[]"] },
      { path: /^labels$/, params: [...RANGE, "limit"], repeated: ["match[]"] },
      { path: LABEL_VALUES, params: [...RANGE, "limit"], repeated: ["match[]"] },
      {
        path: /^rules$/,
        params: ["type", "exclude_alerts"],
        repeated: ["match[]", "rule_name[]", "rule_group[]", "file[]"],
      },
      { path: /^alerts$/, params: [] },
    ],
  },
  loki: {
    base: "/loki/api/v1/",
    endpoints: [
      { path: /^query$/, params: ["query", "time", "limit", "direction"] },
      {
        path: /^query_range$/,
        params: ["query", ...RANGE, "since", "step", "interval", "limit", "direction"],
      },
      { path: /^series$/, params: [...RANGE, "since"], repeated: ["match[]"] },
      { path: /^labels$/, params: [...RANGE, "since", "query"] },
      { path: LABEL_VALUES, params: [...RANGE, "since", "query"] },
    ],
  },
  tempo: {
    base: "/api/",
    endpoints: [
      // Pages poll until a trace exists. Browsers log each 404 as an error.
      { path: /^traces\/[0-9a-fA-F]{1,32}$/, params: RANGE, empty: '{"batches":[]}' },
      {
        path: /^search$/,
        params: ["q", "tags", "minDuration", "maxDuration", "limit", "spss", ...RANGE],
      },
      { path: /^search\/tags$/, params: ["scope", ...RANGE] },
      { path: /^search\/tag\/[\w.:-]{1,200}\/values$/, params: ["q", ...RANGE] },
    ],
  },
  alertmanager: {
    base: "/api/v2/",
    endpoints: [
      {
        path: /^alerts$/,
        params: ["active", "silenced", "inhibited", "unprocessed", "receiver"],
        repeated: ["filter"],
      },
      { path: /^silences$/, params: [], repeated: ["filter"] },
      { path: /^status$/, params: [] },
    ],
  },
} as const satisfies Record<string, Api>;
