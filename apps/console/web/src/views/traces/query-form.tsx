import { SERVICE_NAMES } from "@lgtm-lab/contracts/services";
import type { FormEvent } from "react";
import { useDraft } from "../../app/hooks.ts";
import type { Range, UrlRange } from "../../range/range.ts";
import { RangeSelect } from "../../range/range-select.tsx";
import {
  EXAMPLES,
  NO_TRACE_FILTER,
  readTraceql,
  type TraceFilter,
  writeTraceql,
} from "../../trace/traceql.ts";

interface Props {
  readonly query: string;
  readonly limit: "20" | "50" | "100" | "200";
  readonly range: UrlRange;
  readonly now: () => Range;
  readonly busy: boolean;
  readonly onSearch: (query: string) => void;
  readonly onLimit: (limit: Props["limit"]) => void;
  readonly onRange: (range: UrlRange) => void;
}

const DURATIONS = ["5ms", "25ms", "100ms", "500ms", "1s", "5s"];

/** Shows a form for a TraceQL query, which is typed, built from fields, or one of the examples. */
export function QueryForm({ query, limit, range, now, busy, onSearch, onLimit, onRange }: Props) {
  const [draft, setDraft] = useDraft(query);
  const filter = readTraceql(query);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(draft.trim() || "{ }");
  };
  const build = (more: Partial<TraceFilter>) =>
    onSearch(writeTraceql({ ...(filter ?? NO_TRACE_FILTER), ...more }));
  return (
    <form className="card query-form" onSubmit={submit} aria-label="Search for traces">
      <div className="query-line">
        <label className="field grow">
          <span>TraceQL, or a trace id</span>
          <input
            className="input mono"
            value={draft}
            spellCheck={false}
            autoComplete="off"
            data-testid="traceql"
            onChange={({ target }) => setDraft(target.value)}
          />
        </label>
        <button type="submit" className="button primary" disabled={busy} data-testid="search">
          Search
        </button>
      </div>
      <div className="query-helpers">
        <label className="field">
          <span>Service</span>
          <select
            className="select"
            value={filter?.service ?? ""}
            onChange={({ target }) => build({ service: target.value })}
          >
            <option value="">any</option>
            {serviceChoices(filter?.service).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>Status</span>
          <select
            className="select"
            value={filter?.status ?? "any"}
            onChange={({ target }) => build({ status: target.value === "error" ? "error" : "any" })}
          >
            <option value="any">any</option>
            <option value="error">failed</option>
          </select>
        </label>
        <label className="field">
          <span>Minimum duration</span>
          <select
            className="select"
            value={filter?.longerThan ?? ""}
            onChange={({ target }) => build({ longerThan: target.value })}
          >
            <option value="">any</option>
            {[...new Set([...DURATIONS, ...(filter?.longerThan ? [filter.longerThan] : [])])].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <RangeSelect range={range} now={now} onChoose={onRange} />
        <label className="field">
          <span>At most</span>
          <select
            className="select"
            value={limit}
            onChange={({ target }) => onLimit(target.value as Props["limit"])}
          >
            {["20", "50", "100", "200"].map((one) => (
              <option key={one} value={one}>
                {one} traces
              </option>
            ))}
          </select>
        </label>
      </div>
      <ul className="examples" aria-label="Examples">
        {EXAMPLES.map(([name, example]) => (
          <li key={name}>
            <button
              type="button"
              className="button small"
              title={example}
              aria-pressed={example === query}
              onClick={() => onSearch(example)}
            >
              {name}
            </button>
          </li>
        ))}
      </ul>
    </form>
  );
}

const serviceChoices = (chosen: string | undefined): readonly string[] => [
  ...new Set<string>([...SERVICE_NAMES, ...(chosen ? [chosen] : [])]),
];
