import { probesHop, readyHop, servicesHop, transportHop } from "./common-hops.ts";
import { broken, fine, type Hop, waitUntilOk } from "./hop.ts";
import { getJson } from "./http.ts";

const LOKI_MS = 5000;
const NANOSECONDS = 1_000_000n;
const WINDOW_MS = 300_000;

interface LokiAnswer {
  readonly data: { readonly result: readonly { readonly stream: Readonly<Record<string, string>> }[] };
}

const found: Hop = {
  name: "log lines are in Loki",
  check: ({ at, probes }) =>
    waitUntilOk(LOKI_MS, async () => {
      for (const { traceId, crosses, url } of probes) {
        const query = new URLSearchParams({
          query: `{service_name=~".+"} | trace_id="${traceId}"`,
          start: String(BigInt(Date.now() - WINDOW_MS) * NANOSECONDS),
        });
        const { data } = await getJson<LokiAnswer>(at("LOKI_PORT", `/loki/api/v1/query_range?${query}`));
        const names = data.result.map(({ stream }) => stream.service_name);
        const missing = crosses.find((name) => !names.includes(name));
        if (missing)
          return broken(
            `Loki has no line of ${missing} with trace_id ${traceId} (${url})`,
            `npx lab logs ${missing}: LOG_LEVEL must let \`info\` through`,
          );
      }
      return fine(`lines of every service by the trace_id of ${probes.length} requests`);
    }),
};

/** service → transport in its worker → Loki. */
export const logs: readonly Hop[] = [
  servicesHop,
  probesHop,
  readyHop("loki", "LOKI_PORT", "/ready"),
  transportHop({
    hop: "services → Loki",
    delivered: "lab_telemetry_log_lines_pushed_total",
    dropped: "lab_telemetry_log_lines_dropped_total",
    queue: "lab_telemetry_log_queue_size",
    what: "log lines",
    address: ({ at }) => `LOKI_URL=${at("LOKI_PORT")}, and a Loki that accepts them (npx lab logs loki)`,
    silence: "LOG_LEVEL must let `info` through",
  }),
  found,
];
