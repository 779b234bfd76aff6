import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

/** A partial result, and the names of the missing parts. */
export interface PartialResult<T> {
  readonly value: T;
  readonly missing: readonly string[];
}

export interface Evidence<T> {
  readonly state: "waiting" | "found" | "late" | "failed";
  readonly value?: T;
  readonly missing: readonly string[];
  /** Milliseconds from the first attempt until nothing was missing. */
  readonly took?: number;
  readonly error?: Error;
  /** Starts a new search. */
  readonly again: () => void;
}

const REFETCH_MS = 150;
const DEADLINE_MS = 10_000;

/** Repeats `look` until nothing is missing, for at most ten seconds. A change of `key` starts a new search. */
export function useEvidence<T>(
  key: readonly string[],
  look: (signal: AbortSignal) => Promise<PartialResult<T>>,
): Evidence<T> {
  const [round, setRound] = useState(0);
  const { data, error } = useQuery({
    queryKey: ["evidence", ...key, round],
    queryFn: async ({ signal, client, queryKey }) => {
      const begun = client.getQueryData<{ begun: number }>(queryKey)?.begun ?? performance.now();
      const looked = await look(signal);
      return { ...looked, begun, took: performance.now() - begun };
    },
    refetchInterval: ({ state: { data, status } }) =>
      data && status !== "error" && data.missing.length > 0 && !isLate(data) ? REFETCH_MS : false,
    refetchIntervalInBackground: true,
    structuralSharing: false, // a trace has cycles
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 1000,
  });
  const again = () => setRound(round + 1);
  if (error) return { state: "failed", missing: [], error, again };
  if (!data) return { state: "waiting", missing: [], again };
  const { value, missing, took } = data;
  if (missing.length === 0) return { state: "found", value, missing, took, again };
  return { state: isLate(data) ? "late" : "waiting", value, missing, again };
}

const isLate = ({ took }: { readonly took: number }) => took + REFETCH_MS > DEADLINE_MS;
