import { useQuery } from "@tanstack/react-query";
import { get } from "../../api/http.ts";
import type { LokiStreams } from "../../timeline/fault-lines.ts";
import { clock, countdown, duration } from "../../timeline/words.ts";
import { Service } from "../alerts/badges.tsx";
import { AlertState } from "./alert-step.tsx";
import { type LogLine, readLogLines } from "./log-lines.ts";
import { QueryProblem } from "./query-problem.tsx";
import { FAULT } from "./steps.ts";
import { ChooseFirst } from "./trace-step.tsx";
import type { Incident } from "./use-incident.ts";

const AROUND_MS = 3_600_000;

/** What the services wrote during the chosen request; and the repair. */
export function LogStep({ incident }: { incident: Incident }) {
  const { story, active, traceId, goTo, at } = incident;
  const start = Math.round(at("start") ?? story.now - AROUND_MS);
  const { data, error, isPending } = useQuery({
    queryKey: ["incident-lines", traceId, start],
    queryFn: async ({ signal }) =>
      readLogLines(
        await get<LokiStreams>(
          "/api/loki/query_range",
          {
            query: `{service_name=~".+"} | trace_id="${traceId}"`,
            start: `${start - 120_000}000000`,
            end: `${Math.min(Date.now(), start + AROUND_MS)}000000`,
            direction: "forward",
            limit: 100,
          },
          signal,
        ),
      ),
    enabled: traceId !== undefined,
    refetchInterval: ({ state }) => ((state.data?.length ?? 0) === 0 ? 2000 : false),
  });
  return (
    <>
      {!traceId && <ChooseFirst onGo={() => goTo("3")} />}
      <QueryProblem error={error} what="Log lines" />
      {traceId && isPending && <p className="muted">Loading…</p>}
      {data?.length === 0 && <p className="muted">No line of this request has arrived yet.</p>}
      {data && data.length > 0 && (
        <ol className="incident-lines" aria-label="Log lines of this request">
          {data.map((line) => (
            <Line key={line.id} line={line} />
          ))}
        </ol>
      )}
      <Repair incident={incident} active={active} />
      <AlertState incident={incident} />
    </>
  );
}

function Line({ line: { at, service, level, message, fields, fault } }: { line: LogLine }) {
  const guilty = fault?.split(",").includes(FAULT) ?? false;
  return (
    <li data-guilty={guilty} data-level={level} data-testid={guilty ? "guilty-line" : undefined}>
      <span className="number muted">{clock(at)}</span>
      <Service name={service} />
      <span className="line-level">{level}</span>
      <span className="line-text">
        {message}{" "}
        {fields.map(([name, value]) => (
          <span key={name} className="line-field">
            {name}=<b>{value}</b>
          </span>
        ))}
      </span>
    </li>
  );
}

function Repair({
  incident: { fix, switching, story, begun, at },
  active,
}: {
  incident: Incident;
  active: boolean;
}) {
  const { episode, now } = story;
  if (!begun || !episode) return <p className="muted">Nothing is broken. Begin with step 1.</p>;
  if (active)
    return (
      <div className="incident-action">
        <button
          type="button"
          className="button primary"
          disabled={switching}
          onClick={() => fix()}
          data-testid="fix"
        >
          Fix it
        </button>
        <p className="muted">
          <code>npx lab fix {FAULT}</code>, from here. By itself it ends in{" "}
          <span className="number">{countdown((episode.due ?? now) - now)}</span>.
        </p>
      </div>
    );
  const fixed = at("fix");
  return (
    <p className="number">
      {episode.fixed ? "You fixed it" : "It ended by itself"}
      {fixed !== undefined && ` ${duration(now - fixed)} ago`}.
    </p>
  );
}
