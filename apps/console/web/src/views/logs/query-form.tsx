import { SERVICE_NAMES } from "@lgtm-lab/contracts/services";
import { useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { logLabelValues } from "../../api/loki.ts";
import { useDraft } from "../../app/hooks.ts";
import { LEVELS } from "../../lines/levels.ts";
import { type LineFilter, NO_FILTER, readLogql, writeLogql } from "../../lines/logql.ts";
import type { Range, UrlRange } from "../../range/range.ts";
import { RangeSelect } from "../../range/range-select.tsx";

type Limit = "100" | "200" | "500" | "1000";

interface Props {
  readonly query: string;
  readonly limit: Limit;
  readonly range: UrlRange;
  readonly now: () => Range;
  readonly live: boolean;
  readonly onSearch: (query: string) => void;
  readonly onLimit: (limit: Limit) => void;
  readonly onRange: (range: UrlRange) => void;
  readonly onLive: () => void;
}

/** Shows a form for a LogQL query, which is typed or built from fields. */
export function QueryForm({ query, limit, range, now, live, onSearch, onLimit, onRange, onLive }: Props) {
  const [draft, setDraft] = useDraft(query);
  const filter = readLogql(query);
  const [words, setWords] = useDraft(filter?.text ?? "");
  const [trace, setTrace] = useDraft(filter?.trace ?? "");
  const build = (more: Partial<LineFilter>) => onSearch(writeLogql({ ...(filter ?? NO_FILTER), ...more }));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = draft.trim();
    if (typed !== query) return onSearch(typed || writeLogql(NO_FILTER));
    build({ text: words, trace: trace.trim().toLowerCase() });
  };
  const toggle = (level: string) => {
    const levels = filter?.levels ?? [];
    build({ levels: levels.includes(level) ? levels.filter((one) => one !== level) : [...levels, level] });
  };
  return (
    <form className="card query-form" onSubmit={submit} aria-label="Search for log lines">
      <div className="query-line">
        <label className="field grow">
          <span>LogQL</span>
          <input
            className="input mono"
            value={draft}
            spellCheck={false}
            autoComplete="off"
            data-testid="logql"
            onChange={({ target }) => setDraft(target.value)}
          />
        </label>
        <button type="submit" className="button primary" data-testid="search">
          Search
        </button>
        <button
          type="button"
          className="button live-button"
          aria-pressed={live}
          data-testid="live"
          onClick={onLive}
        >
          <span className="live-dot" aria-hidden="true" /> Live
        </button>
      </div>
      <div className="query-helpers">
        <Services chosen={filter?.service ?? ""} onChoose={(service) => build({ service })} />
        <label className="field">
          <span>Contains</span>
          <input
            className="input"
            value={words}
            data-testid="contains"
            onChange={({ target }) => setWords(target.value)}
          />
        </label>
        <label className="field">
          <span>Trace id</span>
          <input
            className="input mono"
            value={trace}
            spellCheck={false}
            data-testid="trace-id"
            onChange={({ target }) => setTrace(target.value)}
          />
        </label>
        <RangeSelect range={range} now={now} onChoose={onRange} />
        <label className="field">
          <span>At most</span>
          <select className="select" value={limit} onChange={({ target }) => onLimit(target.value as Limit)}>
            {["100", "200", "500", "1000"].map((one) => (
              <option key={one} value={one}>
                {one} lines
              </option>
            ))}
          </select>
        </label>
      </div>
      <fieldset className="levels">
        <legend className="visually-hidden">Levels</legend>
        {LEVELS.map((level) => (
          <button
            key={level}
            type="button"
            className="button small level"
            data-level={level}
            aria-pressed={filter?.levels.includes(level) ?? false}
            onClick={() => toggle(level)}
          >
            {level}
          </button>
        ))}
        {!filter && <span className="muted">You typed this query. A choice here replaces it.</span>}
      </fieldset>
    </form>
  );
}

function Services({ chosen, onChoose }: { chosen: string; onChoose: (service: string) => void }) {
  const { data } = useQuery({
    queryKey: ["log-services"],
    queryFn: ({ signal }) => logLabelValues("service_name", {}, signal),
    staleTime: 30_000,
  });
  const names = [...new Set<string>([...SERVICE_NAMES, ...(data ?? []), ...(chosen ? [chosen] : [])])];
  return (
    <label className="field">
      <span>Service</span>
      <select className="select" value={chosen} onChange={({ target }) => onChoose(target.value)}>
        <option value="">any</option>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
