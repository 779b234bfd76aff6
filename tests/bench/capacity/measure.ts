import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { COMPONENTS, freePort, HOST, resolveTool } from "@lgtm-lab/stack";
import autocannon from "autocannon";
import { execa } from "execa";
import pWaitFor from "p-wait-for";
import { eventually } from "../../e2e/support/within.ts";
import { type Lab, startLab } from "../lab.ts";
import { type Bench, type Line, median, type Subject } from "../result.ts";
import { BATCH, createSender } from "./sender.ts";

const ROUNDS = 3;
/** Items of one round of each signal. */
const SPANS = 200 * BATCH;
const LINES = 200 * BATCH;
/** The shares of the capacity at which CPU time and memory are measured, and for how long. */
const SHARES = [0.1, 0.25, 0.5, 0.75, 1];
const SHARE_SECONDS = 8;
/** The load of the measurement of what a request costs in the backends. */
const REQUESTS = { rate: 500, seconds: 30, connections: 10 };
/** All data of a round must be stored after this time. */
const STORED_MS = 120_000;
/** The backends are idle if they use less CPU time than this in each of some seconds. Without load they use about 0.1 s. */
const IDLE_CPU_SECONDS = 0.25;
const IDLE_CHECKS = 4;
const IDLE_MS = 300_000;
/** The CPU time at rest is measured in several windows of this length. */
const REST_SECONDS = 5;
const REST_WINDOWS = 3;

type Signal = "traces" | "logs";

/** The components whose CPU time is measured. */
const BACKENDS = ["otelcol", "tempo", "loki", "prometheus"];
const DROPPING = "a collector that drops everything";

/** A collector of the pinned version that drops everything it receives: the baseline. */
interface DroppingCollector {
  readonly address: string;
  stop(): Promise<void>;
}

/** What was measured on one version. */
interface Runs {
  readonly subject: Subject;
  readonly lab: Lab;
  readonly perSecond: Record<Signal, number[]>;
  /** CPU time of the backends for a request, in µs, and of the gateway and service A. */
  readonly request: { backends: Record<string, number>; services: number }[];
  readonly shares: Map<string, { cpuUs: number; memoryBytes: number }>;
}

/** The values of `--only`. */
const MEASURED = ["rates", "requests", "shares"] as const;

/**
 * Measures how many spans and lines per second pass through the pipeline without loss (the number of stored items is the
 * number of sent items), against a collector that drops everything; what they cost from 10 % to 100 % of that; and what one
 * request to `/a/hello` costs in the backends. Linux only: reads CPU time from /proc.
 */
export const capacity: Bench = {
  title: "capacity: spans and lines that pass without loss, and their cost in the backends",
  async measure({ subjects, rounds = ROUNDS, more }) {
    if (more.only !== undefined && !MEASURED.some((each) => each === more.only))
      throw new Error(`Unknown value of --only: "${more.only}". Available: ${MEASURED.join(", ")}.`);
    const measures = (what: (typeof MEASURED)[number]) => more.only === undefined || more.only === what;
    const all: Runs[] = [];
    const dropping = await startDroppingCollector();
    const baseline: Record<Signal, number[]> = { traces: [], logs: [] };
    try {
      for (const subject of subjects)
        all.push({
          subject,
          lab: await startLab(subject),
          perSecond: { traces: [], logs: [] },
          request: [],
          shares: new Map(),
        });
      console.log(
        `${rounds} rounds of ${SPANS} spans, ${LINES} lines, and requests for ${REQUESTS.seconds} s`,
      );
      for (let round = 0; round < rounds; round += 1) {
        if (measures("requests")) for (const { lab, request } of all) request.push(await costOfRequest(lab));
        if (measures("rates"))
          for (const signal of ["traces", "logs"] as const) {
            baseline[signal].push(await sendTo(dropping.address, signal));
            for (const { lab, perSecond } of all) perSecond[signal].push(await throughput(lab, signal));
          }
        console.log(`round ${round + 1} of ${rounds} done`);
      }
      if (measures("shares")) for (const runs of all) await measureShares(runs);
    } finally {
      await dropping.stop();
      for (const { lab } of all) await lab.remove();
    }
    const lines = all.flatMap((runs) => linesOf(runs, baseline));
    return lines.filter(({ ratios }) => ratios.length > 0);
  },
};

function linesOf({ subject, perSecond, request, shares }: Runs, baseline: Record<Signal, number[]>): Line[] {
  const ratios = (signal: Signal) =>
    perSecond[signal].map((each, index) => each / (baseline[signal][index] ?? Number.NaN));
  const total = ({ backends }: Runs["request"][number]) => sumOf(backends);
  const of = (name: string) => median(request.map(({ backends }) => backends[name] ?? Number.NaN)).toFixed(0);
  const [whole] = [...shares.values()].slice(-1);
  return [
    {
      name: `spans${subject.suffix}`,
      value: median(perSecond.traces),
      unit: "/s",
      of: DROPPING,
      ratios: ratios("traces"),
    },
    {
      name: `lines${subject.suffix}`,
      value: median(perSecond.logs),
      unit: "/s",
      of: DROPPING,
      ratios: ratios("logs"),
    },
    {
      name: `CPU time of the backends for a request${subject.suffix}`,
      value: median(request.map(total)),
      unit: "µs",
      of: "gateway and service A",
      ratios: request.map((each) => total(each) / each.services),
      details: Object.fromEntries(BACKENDS.map((name) => [`${name} µs`, of(name)])),
    },
    ...[...shares].map(([share, { cpuUs, memoryBytes }]) => ({
      name: `CPU time for a span at ${share} of the capacity${subject.suffix}`,
      value: cpuUs,
      unit: "µs",
      of: "100 %",
      ratios: [cpuUs / (whole?.cpuUs ?? Number.NaN)],
      details: { "memory MB": (memoryBytes / 1e6).toFixed(0) },
    })),
  ];
}

/** Sends items to the dropping collector. Returns the items per second. */
async function sendTo(address: string, signal: Signal): Promise<number> {
  const sender = createSender(address, signal, "bench");
  const items = signal === "traces" ? SPANS : LINES;
  const start = performance.now();
  await sender.send(items);
  sender.close();
  return items / ((performance.now() - start) / 1000);
}

/** Sends items into a stack until all are stored. Returns the items per second. Throws if one is missing. */
async function throughput(lab: Lab, signal: Signal, perSecond?: number, seconds = 0): Promise<number> {
  const service = `bench-${randomUUID().slice(0, 8)}`;
  const sender = createSender(`${HOST}:${lab.ports.OTELCOL_GRPC_PORT}`, signal, service);
  const everything = signal === "traces" ? SPANS : LINES;
  const items = perSecond ? Math.ceil((perSecond * seconds) / BATCH) * BATCH : everything;
  const stored = signal === "traces" ? await spansStored(lab) : () => linesStored(lab, service);
  const start = performance.now();
  await sender.send(items, perSecond);
  sender.close();
  let found = 0;
  await eventually(
    `${items} ${signal} are stored`,
    async () => {
      found = await stored();
      return found >= items;
    },
    STORED_MS,
  ).catch((cause) => {
    throw new Error(`${found} of ${items} ${signal} are stored after ${STORED_MS / 1000} s`, { cause });
  });
  if (found > items) throw new Error(`${found} ${signal} are stored, ${items} were sent`);
  return items / ((performance.now() - start) / 1000);
}

/** Returns a function that returns the spans that Tempo has accepted since now. */
async function spansStored(lab: Lab): Promise<() => Promise<number>> {
  const metrics = `${lab.address("TEMPO_PORT")}/metrics`;
  const total = async () => {
    const text = await (await fetch(metrics)).text();
    return (
      totalOf(text, "tempo_distributor_spans_received_total") - totalOf(text, "tempo_discarded_spans_total")
    );
  };
  const before = await total();
  return async () => (await total()) - before;
}

function totalOf(page: string, metric: string): number {
  let sum = 0;
  for (const line of page.split("\n"))
    if (line.startsWith(metric)) sum += Number(line.slice(line.lastIndexOf(" ") + 1));
  return sum;
}

async function linesStored(lab: Lab, service: string): Promise<number> {
  const query = new URLSearchParams({ query: `sum(count_over_time({service_name="${service}"}[10m]))` });
  const response = await fetch(`${lab.address("LOKI_PORT")}/loki/api/v1/query?${query}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

/** CPU seconds of some components. */
type Cpu = Readonly<Record<string, number>>;

const cpuOf = (lab: Lab, names: readonly string[]): Cpu =>
  Object.fromEntries(names.map((name) => [name, lab.cpuSeconds(name)]));

const difference = (later: Cpu, earlier: Cpu): Cpu =>
  Object.fromEntries(Object.entries(later).map(([name, seconds]) => [name, seconds - (earlier[name] ?? 0)]));

const sumOf = (cpu: Cpu): number => Object.values(cpu).reduce((sum, each) => sum + each, 0);

/**
 * Returns the CPU seconds that `work` causes in some components, also after its end: Tempo writes and compacts blocks for
 * minutes. What the components use without load is subtracted.
 */
async function cpuCausedBy(lab: Lab, names: readonly string[], work: () => Promise<void>): Promise<Cpu> {
  await untilIdle(lab);
  const windows: Cpu[] = [];
  let before = cpuOf(lab, names);
  for (let window = 0; window < REST_WINDOWS; window += 1) {
    const begin = before;
    await sleep(REST_SECONDS * 1000); // not a synchronization: it measures the CPU time at rest
    before = cpuOf(lab, names);
    windows.push(difference(before, begin));
  }
  // The median, because Tempo may compact a block in one of the windows.
  const rest = (name: string) => median(windows.map((window) => window[name] ?? 0));
  const atStart = before;
  const start = performance.now();
  await work();
  await untilIdle(lab);
  const elapsed = (performance.now() - start) / 1000;
  const used = Object.entries(difference(cpuOf(lab, names), atStart));
  return Object.fromEntries(
    used.map(([name, seconds]) => [name, seconds - (rest(name) * elapsed) / REST_SECONDS]),
  );
}

async function untilIdle(lab: Lab): Promise<void> {
  const cpu = () => sumOf(cpuOf(lab, BACKENDS));
  let last = cpu();
  let quiet = 0;
  await pWaitFor(
    () => {
      const now = cpu();
      quiet = now - last <= IDLE_CPU_SECONDS ? quiet + 1 : 0;
      last = now;
      return quiet >= IDLE_CHECKS;
    },
    { interval: 1_000, timeout: IDLE_MS },
  );
}

/** Measures the CPU time of the backends and the services for a request to `/a/hello`. */
async function costOfRequest(lab: Lab): Promise<Runs["request"][number]> {
  const { rate, seconds, connections } = REQUESTS;
  let requests = 0;
  const caused = await cpuCausedBy(lab, [...BACKENDS, "gateway", "service-a"], async () => {
    const result = await autocannon({
      url: `${lab.address("GATEWAY_PORT")}/a/hello?name=pspd`,
      duration: seconds,
      connections,
      overallRate: rate,
    });
    if (result.errors + result.non2xx > 0)
      throw new Error(`${result.errors + result.non2xx} requests failed`);
    requests = result.requests.total;
  });
  const of = (name: string) => ((caused[name] ?? 0) * 1e6) / requests;
  return {
    backends: Object.fromEntries(BACKENDS.map((name) => [name, of(name)])),
    services: of("gateway") + of("service-a"),
  };
}

/** Measures the CPU time of collector and Tempo for a span, and their memory, at shares of the capacity. */
async function measureShares({ lab, perSecond, shares }: Runs): Promise<void> {
  const used = ["otelcol", "tempo"];
  for (const share of SHARES) {
    const rate = median(perSecond.traces) * share;
    const spans = Math.ceil((rate * SHARE_SECONDS) / BATCH) * BATCH;
    let memory: number[] = [];
    const caused = await cpuCausedBy(lab, used, async () => {
      await throughput(lab, "traces", rate, SHARE_SECONDS);
      memory = await Promise.all(used.map((name) => lab.memoryBytes(name)));
    });
    shares.set(`${share * 100} %`, {
      cpuUs: (sumOf(caused) * 1e6) / spans,
      memoryBytes: memory.reduce((sum, each) => sum + each, 0),
    });
  }
}

/** Starts a collector whose only processor drops everything. */
async function startDroppingCollector(): Promise<DroppingCollector> {
  const component = COMPONENTS.find(({ name }) => name === "otelcol");
  if (component?.program.kind !== "binary") throw new Error("the collector is not a program");
  const program = await resolveTool("otelcol", component.program);
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-bench-"));
  const port = await freePort();
  const config = join(folder, "collector.yaml");
  await writeFile(config, droppingConfiguration(port));
  const child = execa(program, [`--config=${config}`], { stdio: "ignore", reject: false });
  const address = `${HOST}:${port}`;
  await eventually("the dropping collector accepts spans", async () => {
    const sender = createSender(address, "traces", "bench");
    try {
      await sender.send(BATCH);
      return true;
    } catch {
      return false;
    } finally {
      sender.close();
    }
  });
  return {
    address,
    async stop() {
      child.kill("SIGTERM");
      await child;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const droppingConfiguration = (port: number): string => `
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "${HOST}:${port}", max_recv_msg_size_mib: 16}
processors:
  filter/everything:
    trace_conditions: [span.name != nil]
    log_conditions: [log.body != nil]
exporters:
  otlp_grpc/unused: {endpoint: "${HOST}:1", tls: {insecure: true}}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines:
    traces: {receivers: [otlp], processors: [filter/everything], exporters: [otlp_grpc/unused]}
    logs: {receivers: [otlp], processors: [filter/everything], exporters: [otlp_grpc/unused]}
`;
