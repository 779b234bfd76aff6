import type { LoadStep } from "./result.ts";

/** The value of each metric of a service, summed over its labels. */
export type Counters = ReadonlyMap<string, number>;

/** What the services have counted since their start, by name of the service. */
export type Readings = Readonly<Record<string, Counters>>;

/** Reads the metrics of all these services. A service that does not respond has no counters. */
export async function readServices(
  services: Readonly<Record<string, string>>,
  read: (url: string) => Promise<Counters>,
): Promise<Readings> {
  const entries = Object.entries(services).map(async ([name, address]): Promise<[string, Counters][]> => {
    try {
      return [[name, await read(`${address}/metrics`)]];
    } catch {
      return [];
    }
  });
  return Object.fromEntries((await Promise.all(entries)).flat());
}

/**
 * Returns the mean CPU time per request of each service, in microseconds. A service that was restarted or did not
 * respond is left out.
 */
export function cpuPerRequest(
  names: readonly string[],
  before: Readings,
  after: Readings,
  requests: number,
): LoadStep["cpuUs"] {
  return Object.fromEntries(
    names.flatMap((name) => {
      const seconds = cpuOf(after[name]) - cpuOf(before[name]);
      return requests > 0 && seconds >= 0 ? [[name, (seconds * 1e6) / requests]] : [];
    }),
  );
}

/** NaN if it is not known. */
function cpuOf(counters: Counters | undefined): number {
  return (
    (counters?.get("process_cpu_user_seconds_total") ?? Number.NaN) +
    (counters?.get("process_cpu_system_seconds_total") ?? Number.NaN)
  );
}

/**
 * Returns how many spans and log lines the services dropped between two readings. For a service without a first
 * reading, that is all since its start.
 */
export function droppedBetween(before: Readings, after: Readings): LoadStep["dropped"] {
  const growth = (metric: string) =>
    Object.entries(after).reduce((sum, [name, counters]) => {
      const [now, earlier] = [counters.get(metric) ?? 0, before[name]?.get(metric) ?? 0];
      // After a restart the counter begins at 0 again.
      return sum + (now < earlier ? now : now - earlier);
    }, 0);
  return {
    spans: growth("telemetry_spans_dropped_total"),
    lines: growth("telemetry_log_lines_dropped_total"),
  };
}
