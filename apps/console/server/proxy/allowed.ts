/** One read endpoint of a backend: its path, and the parameters that it is asked with. */
export interface Endpoint {
  readonly path: RegExp;
  readonly params: readonly string[];
  /** Those of them that may be repeated. */
  readonly repeated?: readonly string[];
  /** What is answered where the backend has nothing of that name: there, that is no failure. */
  readonly absent?: string;
}

/** A backend's endpoints, below one path of its API. */
export interface Api {
  readonly base: string;
  readonly endpoints: readonly Endpoint[];
}

// Nothing here matches a slash too many, a dot segment or a `%`: what is passed on is exactly what stands here.
const LABEL_VALUES = /^label\/[a-zA-Z_][a-zA-Z0-9_]{0,199}\/values$/;
const RANGE = ["start", "end"];

/** What the browser may read of each backend. Anything else does not exist for it. */
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
      // Who waits for a trace asks until it is there; a 404 each time would fill the browser's console with errors.
      { path: /^traces\/[0-9a-fA-F]{1,32}$/, params: RANGE, absent: '{"batches":[]}' },
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
