import "../traces/traces.css";
import "./logs.css";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { fetchLogLines } from "../../api/loki.ts";
import { Problem } from "../../app/components.tsx";
import { useTitle } from "../../app/hooks.ts";
import { LineList } from "../../lines/line-list.tsx";
import { NO_FILTER, writeLogql } from "../../lines/logql.ts";
import { isLive } from "../../range/range.ts";
import { useRange } from "../../range/range-select.tsx";
import { grafanaLines, useGrafana } from "../../trace/links.ts";
import { traceId } from "../../trace/otlp.ts";
import { flag, oneOf, text, useUrlChange, useUrlState } from "../../url/state.ts";
import { QueryForm } from "./query-form.tsx";
import { MAX_LINES, useTail } from "./use-tail.ts";
import { VolumeCard } from "./volume-card.tsx";

/** `/logs`: search with LogQL, the number of lines over time, and live lines. */
export default function Logs() {
  useTitle("Logs");
  const [written] = useUrlState("query", QUERY);
  const [trace] = useUrlState("trace", TRACE);
  const [limit, setLimit] = useUrlState("limit", LIMIT);
  const [live, setLive] = useUrlState("live", LIVE);
  const [paused, setPaused] = useState(false);
  const change = useUrlChange();
  const { range, choose, now } = useRange();
  const grafana = useGrafana();
  const query = queryOf(written, trace);
  const found = useQuery({
    queryKey: ["lines", query, range, limit],
    queryFn: ({ signal }) => fetchLogLines(query, { ...now(), limit: Number(limit) }, signal),
    enabled: !live,
  });
  const tail = useTail(query, live && !paused);
  const search = (text: string) => {
    if (text === query) void found.refetch();
    else change({ query: QUERY.write(text), trace: [] });
  };
  const toggleLive = () => {
    setPaused(false);
    setLive(!live);
    if (!live && !isLive(range)) choose({ from: "now-15m", to: "now" });
  };
  const lines = live ? tail.lines : found.data;
  const latestFirst = useMemo(() => lines?.toReversed() ?? [], [lines]);
  const error = live ? tail.error : found.error;
  return (
    <section className="page logs">
      <h1>Logs</h1>
      <QueryForm
        query={query}
        limit={limit}
        range={range}
        now={now}
        live={live}
        onSearch={search}
        onLimit={setLimit}
        onRange={choose}
        onLive={toggleLive}
      />
      {!error && lines && (
        <VolumeCard query={query} range={range} now={now} live={live && !paused} onChoose={choose} />
      )}
      {error && (
        <Problem
          title={
            live
              ? "Live lines cannot be read. The console retries every second."
              : "This query has no result."
          }
          error={error}
        />
      )}
      <div className="logs-head">
        <p className="muted" role="status" data-testid="logs-state">
          {!(error && !live) && wordsFor(lines?.length, Number(limit), live, paused)}
        </p>
        {live && (
          <button
            type="button"
            className="button small"
            aria-pressed={paused}
            data-testid="pause"
            onClick={() => setPaused(!paused)}
          >
            {paused ? "Resume" : "Pause"}
          </button>
        )}
        {grafana && (
          <a className="logs-grafana" href={grafanaLines(grafana, query, now())}>
            The same query in Grafana
          </a>
        )}
      </div>
      {latestFirst.length > 0 && <LineList lines={latestFirst} label="Log lines, the latest first" />}
      {lines?.length === 0 && !error && (
        <p className="empty" data-testid="no-lines">
          {live ? "No line yet. New lines appear here." : "No line matches in this time range."}
        </p>
      )}
    </section>
  );
}

function wordsFor(count: number | undefined, limit: number, live: boolean, paused: boolean): string {
  if (count === undefined) return "Querying Loki …";
  const lines = `${count.toLocaleString("en")} ${count === 1 ? "line" : "lines"}`;
  if (live)
    return `${paused ? "Paused" : "Live"}: ${count >= MAX_LINES ? `the latest ${lines}` : `${lines}, the latest first`}.`;
  return count >= limit ? `The latest ${lines}; there may be more.` : `${lines}, the latest first.`;
}

export const QUERY = text();
export const TRACE = text();
export const LIMIT = oneOf(["100", "200", "500", "1000"], "200");
const LIVE = flag();

/** Returns the query or, if it is empty, one for the lines of `trace` or for all lines. */
export const queryOf = (query: string, trace: string): string =>
  query.trim() || writeLogql({ ...NO_FILTER, trace: traceId(trace) ?? "" });
