import { HttpError } from "../../api/http.ts";
import type { ProblemDocument } from "../../api/problem.ts";
import type { Timing } from "../../api/timing.ts";
import { StreamError, tryA, tryB, type Via } from "../../api/try.ts";
import { traceId } from "../../trace/ids.ts";
import { gatewayOf, type Inputs } from "./inputs.ts";

/** One request and what has come of it so far. */
export interface Run {
  readonly via: Via;
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly traceId: string | undefined;
  readonly message: string | undefined;
  readonly values: readonly number[];
  readonly timing: Timing | undefined;
  readonly problem: ProblemDocument | undefined;
  readonly error: string | undefined;
  /** Milliseconds as the browser has waited. */
  readonly ms: number;
}

export const begun = (via: Via): Run => ({
  via,
  state: "running",
  traceId: undefined,
  message: undefined,
  values: [],
  timing: undefined,
  problem: undefined,
  error: undefined,
  ms: 0,
});

/** Sends one request, and tells of it as it changes. Never throws. */
export async function run(
  inputs: Inputs,
  via: Via,
  signal: AbortSignal,
  onChange: (change: Partial<Run>) => void,
): Promise<void> {
  const start = performance.now();
  const values: number[] = [];
  const told = laterTogether(() => onChange({ values: [...values], ms: performance.now() - start }));
  const on = {
    onTrace: (id: string) => onChange({ traceId: traceId(id) }),
    onMessage: (message: string) => onChange({ message }),
    onTiming: (timing: Timing) => onChange({ timing }),
    onValue: (value: number) => {
      values.push(value);
      told();
    },
  };
  const end = (change: Partial<Run>) =>
    onChange({ values: [...values], ms: performance.now() - start, ...change });
  try {
    await (inputs.to === "a" ? tryA(via, inputs.name, on, signal) : tryB(via, inputs, on, signal));
    end({ state: "done" });
  } catch (error) {
    if (signal.aborted) return end({ state: "cancelled" });
    const problem = error instanceof HttpError || error instanceof StreamError ? error.problem : undefined;
    const id = traceId(problem?.trace_id ?? "");
    const message = error instanceof Error ? error.message : String(error);
    end({ state: "failed", problem, error: message, ...(id && { traceId: id }) });
  }
}

/** A thousand values in one moment are one change on the page. */
function laterTogether(act: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      act();
    }, 16);
  };
}

/** Whose spans and lines a request must have left. One that the gateway refused has met nobody else. */
export function servicesMet({ via, state, problem, values }: Run, to: Inputs["to"]): readonly string[] {
  const reached = state === "done" || values.length > 0 || (state === "cancelled" && !problem);
  return [gatewayOf(via), ...(reached ? [`service-${to}`] : [])];
}
