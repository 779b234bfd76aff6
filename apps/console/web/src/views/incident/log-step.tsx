import { useQuery } from "@tanstack/react-query";
import { fetchLogLines } from "../../api/loki.ts";
import { QueryProblem } from "../../app/components.tsx";
import { countdown, elapsed } from "../../app/format.ts";
import { LineList } from "../../lines/line-list.tsx";
import { linesOfTrace } from "../../lines/logql.ts";
import { AlertState, AlertStep } from "./alert-step.tsx";
import { FAULT } from "./steps.tsx";
import { ChooseFirst } from "./trace-step.tsx";
import type { Incident } from "./use-incident.ts";

const AROUND_MS = 3_600_000;
const LEAD_MS = 120_000;
const MAX_LINES = 100;
/** The fields to show after the message. */
const SHOWN = ["fault", "route", "rpc_method", "status", "rpc_response_status_code", "duration_ms"];

/** Step 5: shows the log lines of the chosen request and the button that ends the fault. */
export function LogStep({ incident }: { incident: Incident }) {
  const { episodeState, active, traceId, goTo, timeOf } = incident;
  const start = Math.round(timeOf("start") ?? episodeState.now - AROUND_MS);
  const { data, error, isPending } = useQuery({
    queryKey: ["incident-lines", traceId, start],
    queryFn: ({ signal }) => {
      const to = Math.min(Date.now(), start + AROUND_MS);
      const range = { from: start - LEAD_MS, to, direction: "forward", limit: MAX_LINES } as const;
      return fetchLogLines(linesOfTrace(traceId ?? ""), range, signal);
    },
    enabled: traceId !== undefined,
    refetchInterval: ({ state }) => ((state.data?.length ?? 0) === 0 ? 2000 : false),
  });
  return (
    <>
      {!traceId && <ChooseFirst onGo={() => goTo("3")} />}
      <QueryProblem error={error} what="Log lines" />
      {traceId && isPending && <p className="muted">Loading…</p>}
      {data?.length === 0 && <p className="muted">Loki has no line of this request yet.</p>}
      {data && data.length > 0 && (
        <>
          <LineList
            lines={data}
            label="Log lines of this request"
            details={SHOWN}
            isMarked={({ fields }) => fields.fault?.split(",").includes(FAULT) ?? false}
            traceLinks={false}
            wrap
          />
          {data.length >= MAX_LINES && (
            <p className="muted">The first {MAX_LINES} lines; there may be more.</p>
          )}
        </>
      )}
      <Repair incident={incident} active={active} />
      {timeOf("fix") === undefined ? <AlertState incident={incident} /> : <AlertStep incident={incident} />}
    </>
  );
}

function Repair({
  incident: { fix, switching, episodeState, begun, timeOf },
  active,
}: {
  incident: Incident;
  active: boolean;
}) {
  const { episode, now } = episodeState;
  if (!begun || !episode) return <p className="muted">No fault is set. Start with step 1.</p>;
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
          Same as <code>npx lab fix {FAULT}</code>. The fault ends automatically in{" "}
          <span className="number">{countdown((episode.due ?? now) - now)}</span>.
        </p>
      </div>
    );
  const fixed = timeOf("fix");
  return (
    <p className="number">
      {episode.fixed ? "You fixed it" : "The fault ended automatically"}
      {fixed !== undefined && ` ${elapsed(now - fixed)} ago`}.
    </p>
  );
}
