import type { Protocol } from "@lgtm-lab/contracts/services";
import type { LoadResult, LoadStep } from "../result.ts";
import { cpuMsOf, shareOf, throughputOf } from "./figures.ts";
import { bytes, count, decimal, gibibytes, milliseconds, NONE, percent, utc } from "./format.ts";
import { ORIGINAL_SETUP, originalMean, originalThroughput } from "./original.ts";

/** A column of the table of a protocol. */
export interface Column {
  readonly title: string;
  readonly of: (step: LoadStep) => string;
}

/** The first column of the table of a protocol: the number of users, marked if the step was stopped early. */
export const usersColumn: Column = {
  title: "Users",
  of: ({ users, complete }) => (complete ? count(users) : `${count(users)} †`),
};

const ofRequests = (part: number, step: LoadStep): string =>
  part === 0 ? "0" : `${count(part)} (${percent(shareOf(part, step))})`;

/** The other columns of the table of a protocol. */
export const COLUMNS: readonly Column[] = [
  { title: "Successful requests/s", of: (step) => decimal(throughputOf(step)) },
  { title: "Mean", of: ({ latencyMs }) => milliseconds(latencyMs?.mean) },
  { title: "p50", of: ({ latencyMs }) => milliseconds(latencyMs?.p50) },
  { title: "p95", of: ({ latencyMs }) => milliseconds(latencyMs?.p95) },
  { title: "p99", of: ({ latencyMs }) => milliseconds(latencyMs?.p99) },
  { title: "Max", of: ({ latencyMs }) => milliseconds(latencyMs?.max) },
  { title: "Shed (503)", of: (step) => ofRequests(step.shed, step) },
  { title: "Failed", of: (step) => ofRequests(step.failed, step) },
  { title: "CPU per request", of: (step) => milliseconds(cpuMsOf(step)) },
  { title: "Bytes received", of: ({ bytes: { received } }) => bytes(received) },
  { title: "Bytes sent", of: ({ bytes: { sent } }) => bytes(sent) },
  {
    title: "Original lab: requests/s",
    of: (step) => originalThroughput(step).map(decimal).join("–") || NONE,
  },
  { title: "Original lab: mean", of: (step) => milliseconds(originalMean(step)) },
];

/** Explains what the columns count. */
export const COLUMN_NOTE =
  "Latency includes successful requests only (status 200). CPU is the user and system time of the gateway and the services per finished request. Bytes are counted between k6 and the gateway, per finished request. The columns of the original lab are its published numbers, measured on another machine.";

/** The caption of the table of a protocol. */
export const CAPTIONS: Readonly<Record<Protocol, string>> = {
  grpc: "gRPC: the gateway calls the services over gRPC",
  rest: "REST: the gateway calls the services over REST",
};

/** How to read the numbers. */
export const READING: readonly string[] = [
  "Each user sends its next request when it has the response to the previous one. So throughput does not grow with more users once the CPUs are busy. The mean latency grows instead, in proportion to the number of users.",
  "The gateway limits running and waiting requests. It sheds further requests at once with status 503 and Retry-After; they do not count as successful. Their users wait for the time in Retry-After, 1 to 30 s.",
  "A greeting takes almost no time in the service. A stream of 10 numbers takes at least 45 ms, because it has 9 pauses of 5 ms.",
  "Absolute numbers of different machines are not comparable. Compare the shapes of the curves, and gRPC with REST.",
];

const PROFILES: Readonly<Record<LoadResult["profile"], string>> = {
  full: "the full load test",
  quick: "the quick load test (--quick)",
  custom: "a load test with chosen steps",
};

/** Returns the rows of the comparison of both set-ups: aspect, this run, the original lab. */
export function setups(result: LoadResult): [aspect: string, here: string, original: string][] {
  const { machine, hosts, steps, startedAt, endedAt, profile } = result;
  const users = [...new Set(steps.map((step) => step.users))].sort((a, b) => a - b).map(count);
  const protocols = [...new Set(steps.map(({ protocol }) => protocol))].length;
  const range = users.length > 1 ? `${users[0]} to ${users.at(-1)} users` : `${users[0] ?? NONE} users`;
  return [
    [
      "Machine",
      `${machine.cpus} CPUs (${machine.cpuModel}), ${gibibytes(machine.memoryBytes)} of memory, ${machine.os}`,
      ORIGINAL_SETUP.machine,
    ],
    [
      "Services",
      hosts === undefined
        ? "native processes, connected over loopback"
        : `native processes on separate hosts of this machine: ${hosts}`,
      ORIGINAL_SETUP.services,
    ],
    [
      "Telemetry",
      "traces, metrics and log lines of every request; the backends run on the same machine",
      NONE,
    ],
    [
      "Load",
      `k6 ${machine.k6}, on ${hosts === undefined ? "the same machine" : "the host of the client"}`,
      ORIGINAL_SETUP.client,
    ],
    ["Requests", "each user alternates /a/hello?name=pspd and /b/numbers?count=10&delay_ms=5", "the same"],
    [
      "Steps",
      `${PROFILES[profile]}: ${range}, ${protocols === 1 ? "one protocol" : "gRPC then REST"}`,
      ORIGINAL_SETUP.steps,
    ],
    ["Overload", "requests above the gateway's limits are shed (503)", NONE],
    ["Versions", `lgtm-lab ${machine.lab}, Node ${machine.node}`, NONE],
    ["Time", `${utc(startedAt)} to ${utc(endedAt)}`, NONE],
  ];
}
