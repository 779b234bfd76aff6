import type { ProblemDocument } from "@lgtm-lab/contracts";
import type { Protocol } from "@lgtm-lab/contracts/services";
import { useCallback, useEffect, useRef, useState } from "react";
import { HttpError } from "../../api/http.ts";
import { StreamError, type Timing, tryA, tryB } from "../../api/try.ts";
import { traceId } from "../../trace/otlp.ts";
import { useUrlChange } from "../../url/state.ts";
import { gatewayOf, type Inputs, protocolsOf, urlParamsOf } from "./inputs.ts";

/** The requests that were sent last, and their input. */
export interface SentRequests {
  readonly inputs: Inputs;
  readonly runs: readonly Run[];
}

/** Sends requests. Writes the input to the URL immediately, and the trace ids after the responses. */
export function useTry() {
  const [sent, setSent] = useState<SentRequests>();
  const [busy, setBusy] = useState(false);
  const currentController = useRef<AbortController>(undefined);
  const change = useUrlChange();
  useEffect(() => () => currentController.current?.abort(), []);

  const start = useCallback(
    async (inputs: Inputs) => {
      currentController.current?.abort();
      const controller = new AbortController();
      currentController.current = controller;
      const protocols = protocolsOf(inputs.protocol);
      const runs = protocols.map(newRun);
      const show = () => currentController.current === controller && setSent({ inputs, runs: [...runs] });
      const one = (index: number) =>
        sendRequest(inputs, protocols[index] ?? "grpc", controller.signal, (more) => {
          runs[index] = { ...(runs[index] ?? newRun("grpc")), ...more };
          show();
        });
      change(urlParamsOf(inputs, []));
      setBusy(true);
      show();
      // Short requests run one after the other, so that they do not slow each other down. Streams can last for seconds,
      // so they run in parallel.
      if (inputs.to === "b") await Promise.all(protocols.map((_, index) => one(index)));
      else for (const index of protocols.keys()) await one(index);
      if (currentController.current !== controller) return;
      setBusy(false);
      change({ trace: runs.flatMap(({ traceId }) => traceId ?? []) }, { replace: true });
    },
    [change],
  );
  const cancel = useCallback(() => currentController.current?.abort(), []);
  return { sent, busy, start, cancel } as const;
}

/** One request and its result so far. */
export interface Run {
  readonly protocol: Protocol;
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly traceId: string | undefined;
  readonly message: string | undefined;
  readonly values: readonly number[];
  readonly timing: Timing | undefined;
  readonly problem: Partial<ProblemDocument> | undefined;
  readonly error: string | undefined;
  /** Duration as measured by the browser, in milliseconds. */
  readonly ms: number;
}

/** Returns the state of a request that has just been sent. */
const newRun = (protocol: Protocol): Run => ({
  protocol,
  state: "running",
  traceId: undefined,
  message: undefined,
  values: [],
  timing: undefined,
  problem: undefined,
  error: undefined,
  ms: 0,
});

/** Sends one request and reports each change. Never throws. */
async function sendRequest(
  inputs: Inputs,
  protocol: Protocol,
  signal: AbortSignal,
  onChange: (change: Partial<Run>) => void,
): Promise<void> {
  const start = performance.now();
  const values: number[] = [];
  const showValues = batched(() => onChange({ values: [...values], ms: performance.now() - start }));
  const on = {
    onTrace: (id: string) => onChange({ traceId: traceId(id) }),
    onMessage: (message: string) => onChange({ message }),
    onTiming: (timing: Timing) => onChange({ timing }),
    onValue: (value: number) => {
      values.push(value);
      showValues();
    },
  };
  const end = (change: Partial<Run>) =>
    onChange({ values: [...values], ms: performance.now() - start, ...change });
  try {
    await (inputs.to === "a" ? tryA(protocol, inputs.name, on, signal) : tryB(protocol, inputs, on, signal));
    end({ state: "done" });
  } catch (error) {
    if (signal.aborted) return end({ state: "cancelled" });
    const problem = error instanceof HttpError || error instanceof StreamError ? error.problem : undefined;
    const id = traceId(problem?.trace_id ?? "");
    const message = error instanceof Error ? error.message : String(error);
    end({ state: "failed", problem, error: message, ...(id && { traceId: id }) });
  }
}

/** Runs an action once for all calls within 16 ms, so that many values cause only one render. */
function batched(act: () => void): () => void {
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

/**
 * Returns the services that must have sent spans and log lines. A failed request without values may have ended in the
 * gateway, so only the gateway is certain.
 */
export function servicesReached(
  { protocol, state, problem, values }: Run,
  to: Inputs["to"],
): readonly string[] {
  const reached = state === "done" || values.length > 0 || (state === "cancelled" && !problem);
  return [gatewayOf(protocol), ...(reached ? [`service-${to}`] : [])];
}
