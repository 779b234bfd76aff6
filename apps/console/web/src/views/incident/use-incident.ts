import { useQuery } from "@tanstack/react-query";
import { fetchTrace, WITHOUT_STRUCTURAL_SHARING } from "../../api/tempo.ts";
import { useFaultSwitch } from "../../api/use-faults.ts";
import type { Milestone, Stage } from "../../timeline/milestones.ts";
import { type EpisodeState, useEpisodeState } from "../../timeline/use-episode-state.ts";
import { attribute } from "../../trace/otlp.ts";
import type { Node, Trace } from "../../trace/tree.ts";
import { oneOf, text, useUrlChange, useUrlState, wholeNumber } from "../../url/state.ts";
import { isTraceId } from "./exemplars.ts";
import { FAULT, FAULT_FOR_MS, STEPS, type Step } from "./steps.tsx";

const STEP = oneOf(STEPS, "1");
const STARTED_AT = wholeNumber(0, { max: 8_640_000_000_000 });
const TRACE = text();
const SPAN = text();
const MAX_TRIES = 10;

export interface Incident {
  readonly step: Step;
  readonly goTo: (step: Step) => void;
  /** The last period in which the fault was active; in a guided incident, the one that belongs to it. */
  readonly episodeState: EpisodeState;
  /** Whether the user has set or joined a fault in this guided incident. */
  readonly begun: boolean;
  readonly active: boolean;
  /** Returns when a stage was reached, in milliseconds; undefined if it was not. */
  readonly timeOf: (stage: Stage) => number | undefined;
  readonly begin: () => void;
  /** Continues with a fault that is already active. */
  readonly join: (startedAt: number) => void;
  readonly startOver: () => void;
  readonly fix: (then?: () => void) => void;
  readonly switching: boolean;
  readonly error: Error | null;
  readonly traceId: string | undefined;
  readonly chooseTrace: (traceId: string) => void;
  readonly trace: TraceState;
  /** The key of the chosen span. */
  readonly spanKey: string;
  readonly chooseSpan: (key: string) => void;
}

export interface TraceState {
  readonly data: Trace | undefined;
  readonly faulty: readonly Node[];
  readonly error: Error | null;
  readonly waiting: boolean;
}

/** Returns the state of the guided incident, from the URL and the backends. */
export function useIncident(): Incident {
  const [step] = useUrlState("step", STEP);
  const [startedAt] = useUrlState("at", STARTED_AT);
  const [chosen] = useUrlState("trace", TRACE);
  const [spanKey] = useUrlState("span", SPAN);
  const change = useUrlChange();
  const begun = startedAt > 0;
  const episodeState = useEpisodeState(FAULT, begun ? startedAt : undefined);
  const switches = useFaultSwitch();
  const traceId = isTraceId(chosen) ? chosen : undefined;
  const milestones: readonly Milestone[] = begun ? (episodeState.timeline?.milestones ?? []) : [];
  return {
    step,
    goTo: (next) => change({ step: next === "1" ? [] : [next] }),
    episodeState,
    begun,
    active: episodeState.episode !== undefined && episodeState.episode.end === undefined,
    timeOf: (stage) => milestones.find((each) => each.stage === stage)?.at,
    begin: () => {
      const moment = Date.now();
      const onSuccess = () => change({ at: [String(moment)], trace: [], span: [] });
      switches.mutate({ name: FAULT, forMs: FAULT_FOR_MS }, { onSuccess });
    },
    join: (time) => change({ at: [String(Math.round(time))], trace: [], span: [] }),
    startOver: () => change({ step: [], at: [], trace: [], span: [] }),
    fix: (then) => switches.mutate({ name: FAULT }, { onSuccess: () => then?.() }),
    switching: switches.isPending,
    error: switches.error,
    traceId,
    chooseTrace: (id) => change({ trace: [id], span: [] }, { replace: true }),
    trace: useTraceOf(traceId),
    spanKey,
    chooseSpan: (key) => change({ span: [key] }, { replace: true }),
  };
}

/**
 * Fetches the trace every second, at most ten times, until a span names the fault. Spans arrive about a second after the
 * request.
 */
function useTraceOf(traceId: string | undefined): TraceState {
  const { data, error, isPending } = useQuery({
    queryKey: ["incident-trace", traceId],
    queryFn: async ({ signal }) => (traceId && (await fetchTrace(traceId, signal))) || null,
    ...WITHOUT_STRUCTURAL_SHARING,
    enabled: traceId !== undefined,
    refetchInterval: ({ state: { data, dataUpdateCount, errorUpdateCount } }) =>
      faultySpans(data ?? undefined, FAULT).length === 0 && dataUpdateCount + errorUpdateCount < MAX_TRIES
        ? 1000
        : false,
  });
  const trace = data ?? undefined;
  return {
    data: trace,
    faulty: faultySpans(trace, FAULT),
    error,
    waiting: traceId !== undefined && isPending,
  };
}

/** Returns whether the condition of a step is met. */
export function isDone({
  step,
  timeOf,
  trace,
  spanKey,
}: Pick<Incident, "step" | "timeOf" | "trace" | "spanKey">): boolean {
  if (step === "1") return timeOf("bad-request") !== undefined;
  if (step === "2") return timeOf("firing") !== undefined && timeOf("delivered") !== undefined;
  if (step === "3") return trace.faulty.length > 0;
  if (step === "4") return trace.faulty.some(({ span }) => span.key === spanKey);
  return timeOf("fix") !== undefined && timeOf("resolved") !== undefined;
}

/** Returns the spans of a trace that name a fault. A span lists several faults as `slow-a,slow-b`. */
export const faultySpans = (trace: Trace | undefined, fault: string): Node[] =>
  (trace?.nodes ?? []).filter(({ span }) =>
    attribute(span.attributes, "lab.fault")?.split(",").includes(fault),
  );
