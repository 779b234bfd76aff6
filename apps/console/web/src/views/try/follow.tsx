import type { Protocol } from "@lgtm-lab/contracts/services";
import { useState } from "react";
import { Link } from "react-router";
import { fetchLogLines } from "../../api/loki.ts";
import { fetchTrace } from "../../api/tempo.ts";
import { LineList } from "../../lines/line-list.tsx";
import { linesOfTrace } from "../../lines/logql.ts";
import type { Line } from "../../lines/read.ts";
import { grafanaLines, grafanaTrace, logsOf, timesOf, useGrafana } from "../../trace/links.ts";
import { TraceBody } from "../../trace/trace-body.tsx";
import { durationOf, missingOf, type Trace } from "../../trace/tree.ts";
import { EvidenceCard } from "./evidence.tsx";
import { HistogramCard } from "./histogram-card.tsx";
import { gatewayOf, routeOf, type Service } from "./inputs.ts";
import { useEvidence } from "./use-evidence.ts";

interface Props {
  readonly traceId: string;
  readonly protocol: Protocol;
  readonly to: Service;
  /** The services from which a span and a log line are expected. */
  readonly expected: readonly string[];
}

const MAX_LINES = 500;
/** The time range of the query for log lines. */
const LOOK_BACK_MS = 24 * 3_600_000;

/** Shows the telemetry of one request: its trace, its log lines, and its duration compared with all requests. */
export function Follow({ traceId, protocol, to, expected }: Props) {
  const [chosen, choose] = useState<string>();
  const grafana = useGrafana();
  const trace = useEvidence<Trace>(["trace", traceId, ...expected], async (signal) => {
    const value = await fetchTrace(traceId, signal);
    return { value, missing: missingOf(value, expected) };
  });
  const lines = useEvidence<readonly Line[]>(["lines", traceId, ...expected], async (signal) => {
    const now = Date.now();
    const range = { from: now - LOOK_BACK_MS, to: now + 60_000, limit: MAX_LINES };
    const value = await fetchLogLines(linesOfTrace(traceId), range, signal);
    const present = new Set(value.map(({ service }) => service));
    return {
      value,
      missing: expected.filter((name) => !present.has(name)).map((name) => `a line of ${name}`),
    };
  });
  const found = trace.value;
  const root = found?.roots.find(({ orphan }) => !orphan);
  const times = found ? timesOf(found) : { from: Date.now() - 60_000, to: Date.now() };
  return (
    <div className="follow" data-testid={`follow-${protocol}`}>
      <EvidenceCard
        title="Trace"
        gateway={gatewayOf(protocol)}
        name="trace"
        backend="Tempo"
        what="trace"
        evidence={trace}
        explanation="Each bar is a span: one operation in one service, from its start to its end. The calls that it made are indented below it. Hatched parts are gaps, in which no call was recorded."
        links={
          <>
            <Link to={`/traces/${traceId}`}>Open the trace</Link>
            {grafana && <a href={grafanaTrace(grafana, traceId, times)}>In Grafana</a>}
          </>
        }
      >
        {found && found.nodes.length > 0 && (
          <TraceBody
            trace={found}
            traceId={traceId}
            label="Spans of this request"
            chosen={chosen}
            onChoose={choose}
          />
        )}
      </EvidenceCard>
      <EvidenceCard
        title="Log lines"
        gateway={gatewayOf(protocol)}
        name="lines"
        backend="Loki"
        what="log lines"
        evidence={lines}
        explanation="The log lines of all services about this request, in order. They are found by the trace id, which every line contains. Click a line to see all its fields."
        links={
          <>
            <Link to={found ? logsOf(traceId, found) : `/logs?trace=${traceId}`}>Open in Logs</Link>
            {grafana && <a href={grafanaLines(grafana, linesOfTrace(traceId), times)}>In Grafana</a>}
          </>
        }
      >
        {lines.value && lines.value.length >= MAX_LINES && (
          <p className="muted">The latest {MAX_LINES} lines; there may be more.</p>
        )}
        {lines.value && lines.value.length > 0 && (
          <LineList lines={lines.value} label="Log lines of this request" traceLinks={false} />
        )}
      </EvidenceCard>
      <HistogramCard
        service={gatewayOf(protocol)}
        route={routeOf(to)}
        ms={root && durationOf(root)}
        waiting={trace.state === "waiting"}
      />
    </div>
  );
}
