import { useCallback, useEffect, useRef, useState } from "react";
import { useUrlChange } from "../../url/state.ts";
import { type Inputs, waysOf, written } from "./inputs.ts";
import { begun, type Run, run } from "./run.ts";

export interface Tried {
  readonly inputs: Inputs;
  readonly runs: readonly Run[];
}

/** Sends requests. What is sent goes into the URL at once, the ids of its traces when the answers are there. */
export function useTry() {
  const [tried, setTried] = useState<Tried>();
  const [busy, setBusy] = useState(false);
  const stop = useRef<AbortController>(undefined);
  const change = useUrlChange();
  useEffect(() => () => stop.current?.abort(), []);

  const start = useCallback(
    async (inputs: Inputs) => {
      stop.current?.abort();
      const leaving = new AbortController();
      stop.current = leaving;
      const ways = waysOf(inputs.via);
      const runs = ways.map(begun);
      const show = () => stop.current === leaving && setTried({ inputs, runs: [...runs] });
      const one = (index: number) =>
        run(inputs, ways[index] ?? "grpc", leaving.signal, (more) => {
          runs[index] = { ...(runs[index] ?? begun("grpc")), ...more };
          show();
        });
      change(written(inputs, []));
      setBusy(true);
      show();
      // Answers of a few milliseconds would disturb each other; streams mostly wait, so they run beside each other.
      if (inputs.to === "b") await Promise.all(ways.map((_, index) => one(index)));
      else for (const index of ways.keys()) await one(index);
      if (stop.current !== leaving) return;
      setBusy(false);
      change({ trace: runs.flatMap(({ traceId }) => traceId ?? []) }, { replace: true });
    },
    [change],
  );
  const cancel = useCallback(() => stop.current?.abort(), []);
  return { tried, busy, start, cancel } as const;
}
