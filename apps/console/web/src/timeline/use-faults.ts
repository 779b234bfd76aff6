import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { endFault, listFaults, startFault } from "../api/faults.ts";

const EVERY_MS = 2000;

/** Fetches the scenarios, and refreshes them every two seconds. */
export const useFaults = () =>
  useQuery({
    queryKey: ["faults"],
    queryFn: ({ signal }) => listFaults(signal),
    refetchInterval: EVERY_MS,
  });

/** Starts a fault (with `forMs`) or ends it, and then refreshes the scenarios. */
export function useFaultSwitch() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ name, forMs }: { name: string; forMs?: number }) =>
      forMs === undefined ? endFault(name) : startFault(name, forMs),
    onSettled: () => queries.invalidateQueries({ queryKey: ["faults"] }),
  });
}
