import { useQuery } from "@tanstack/react-query";
import { get } from "../../api/http.ts";
import { type Line, readLines } from "../../lines/read.ts";
import { clock, countdown, elapsed } from "../../timeline/words.ts";
import { Service } from "../alerts/badges.tsx";
import { AlertState, AlertStep } from "./alert-step.tsx";
import { QueryProblem } from "./query-problem.tsx";
import { FAULT } from "./steps.ts";
import { ChooseFirst } from "./trace-step.tsx";
import type { Incident } from "./use-incident.ts";

const AROUND_MS = 3_600_000;
const LEAD_MS = 120_000;
const MOST_LINES = 100;
/** The fields that are worth reading here. */
const SHOWN = ["fault", "route", "rpc_method", "status", "rpc_response_status_code", "duration_ms"];

/** What the services wrote during the chosen request; and the repair. */
export function LogStep({ incident }: { incident: Incident }) {
  const { story, active, traceId, goTo, at } = incident;
  const start = Math.round(at("start") ?? story.now - AROUND_MS);
  const { data, error, isPending } = useQuery({
    queryKey: ["incident-lines", traceId, start],
    queryFn: async ({ signal }) => {
      const { data } = await get<{ data: { result: Parameters<typeof readLines>[0] } }>(
        "/api/loki/query_range",
        {
          query: `{service_name=~".+"} | trace_id="${traceId}"`,
          start: `${start - LEAD_MS}000000`,
          end: `${Math.min(Date.now(), start + AROUND_MS)}000000`,
          direction: "forward",
          limit: MOST_LINES,
        },
        signal,
      );
      return readLines(data.result);
    },
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
            <LineItem key={line.key} line={line} />
          ))}
          {data.length >= MOST_LINES && (
            <li className="muted">The first {MOST_LINES} lines; there may be more.</li>
          )}
        </ol>
      )}
      <Repair incident={incident} active={active} />
      {at("fix") === undefined ? <AlertState incident={incident} /> : <AlertStep incident={incident} />}
    </>
  );
}

function LineItem({ line: { time, service, level, message, fields } }: { line: Line }) {
  const guilty = fields.fault?.split(",").includes(FAULT) ?? false;
  return (
    <li data-guilty={guilty} data-level={level} data-testid={guilty ? "guilty-line" : undefined}>
      <span className="number muted">{clock(Number(time) / 1e6)}</span>
      <Service name={service} />
      <span className="line-level">{level}</span>
      <span className="line-text">
        {message}{" "}
        {SHOWN.filter((name) => fields[name] !== undefined).map((name) => (
          <span key={name} className="line-field">
            {name}=<b>{fields[name]}</b>
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
      {fixed !== undefined && ` ${elapsed(now - fixed)} ago`}.
    </p>
  );
}
