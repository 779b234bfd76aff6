import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { endFault, listFaults, setFault } from "./faults.ts";

const REFETCH_MS = 2000;

/** Fetches the faults, and refreshes them every two seconds. */
export const useFaults = () =>
  useQuery({
    queryKey: ["faults"],
    queryFn: ({ signal }) => listFaults(signal),
    refetchInterval: REFETCH_MS,
  });

/** Sets a fault (with `forMs`) or ends it, and then refreshes the faults. */
export function useFaultSwitch() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ name, forMs }: { name: string; forMs?: number }) =>
      forMs === undefined ? endFault(name) : setFault(name, forMs),
    onSettled: () => queries.invalidateQueries({ queryKey: ["faults"] }),
  });
}
