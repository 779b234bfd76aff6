import { trustCertificates } from "../certificates.ts";
import { COMPONENTS } from "../components/index.ts";
import { readEnvironment } from "../env.ts";
import {
  isRunning,
  type MemoryMeasure,
  memoryMeasure,
  memoryOf,
  processInfo,
  processTree,
} from "../programs/processes.ts";
import { noStackText, readOwner, recover } from "../supervisor/ownership.ts";
import { probe } from "../supervisor/process.ts";
import { type ComponentRecord, readHosts, readRecords } from "../supervisor/state-folder.ts";
import { duration, plainTable } from "../terminal/format.ts";

const MEGABYTE = 1_000_000;

/** The memory goal of the stack at rest, with the demo traffic and without Grafana (docs/start-and-memory.md). */
const MEMORY_GOAL_BYTES = 700 * MEGABYTE;

/** One row of `lab status`, as `--json` prints it. */
export interface Status {
  readonly component: string;
  readonly state: string;
  readonly pid: number | null;
  readonly version: string | null;
  readonly source: string | null;
  readonly ports: readonly number[];
  readonly uptimeSeconds: number | null;
  readonly restarts: number;
  /** Whether its process is running and ready. If it has a ready URL, that URL responds with 200 at this moment. */
  readonly ready: boolean;
  /** Proportional set size if the system provides it, otherwise resident set size. */
  readonly memoryBytes: number | null;
  readonly reason: string | null;
}

/** The memory of all processes of the stack: components, launcher, guardian, and npm if it started the stack. */
export interface StackMemory {
  readonly measure: MemoryMeasure;
  readonly processes: number;
  readonly totalBytes: number;
  readonly goalBytes: number;
}

/** Runs `lab status`. Returns the exit code: 0 if everything is running and ready. */
export async function status({ json = false }: { json?: boolean }): Promise<number> {
  const { stateFolder } = readEnvironment();
  await recover(stateFolder);
  const owner = readOwner(stateFolder);
  if (owner) trustCertificates(stateFolder, owner.ports);
  const rows = await Promise.all(inTableOrder(readRecords(stateFolder)).map(statusOf));
  const allReady = Boolean(owner) && rows.every((row) => row.state === "skipped" || row.ready);
  const memory = owner?.alive ? memoryOfStack(owner.pid) : undefined;
  if (json) {
    const stack = { running: Boolean(owner), pid: owner?.pid ?? null, memory: memory ?? null };
    console.log(JSON.stringify({ ...stack, components: rows }, null, 2));
  } else if (owner) {
    const hosts = readHosts(stateFolder)?.hosts.map(({ name, address }) => `${name} ${address}`);
    const separate = hosts ? `, separate hosts: ${hosts.join(", ")}` : "";
    console.log(
      `Stack of pid ${owner.pid} (${owner.mode}), state in ${stateFolder}${separate}\n\n${table(rows, memory)}`,
    );
  }
  if (!json && !owner) console.log(noStackText(stateFolder));
  return allReady ? 0 : 1;
}

function memoryOfStack(launcher: number): StackMemory {
  const processes = processTree(launcher);
  return {
    measure: memoryMeasure(),
    processes: processes.length,
    totalBytes: processes.reduce((sum, each) => sum + memoryOf(each), 0),
    goalBytes: MEMORY_GOAL_BYTES,
  };
}

/**
 * Components are in the order of {@link COMPONENTS}, instances of a service in the order of their numbers. Other programs,
 * such as the demo traffic, come last.
 */
export function inTableOrder<Each extends Pick<ComponentRecord, "name">>(records: readonly Each[]): Each[] {
  const order = (name: string) => {
    const index = COMPONENTS.findIndex((component) => component.name === name.replace(/-\d+$/, ""));
    return index === -1 ? COMPONENTS.length : index;
  };
  return records.toSorted(
    (a, b) => order(a.name) - order(b.name) || a.name.localeCompare(b.name, "en", { numeric: true }),
  );
}

async function statusOf(record: ComponentRecord): Promise<Status> {
  const alive = record.process && isRunning(record.process) ? processInfo(record.process.pid) : undefined;
  const ready =
    Boolean(alive) && record.state === "ready" && (!record.readyUrl || (await probe(record.readyUrl)).ok);
  return {
    component: record.name,
    state: record.state === "ready" && !ready ? (alive ? "not ready" : "down") : record.state,
    pid: alive?.pid ?? null,
    version: record.version ?? null,
    source: record.source ?? null,
    ports: record.ports,
    uptimeSeconds: alive && record.startedAt ? Math.round((Date.now() - record.startedAt) / 1000) : null,
    restarts: record.restarts,
    ready,
    memoryBytes: alive ? memoryOf(alive) : null,
    reason: record.reason ?? null,
  };
}

function table(rows: readonly Status[], memory: StackMemory | undefined): string {
  const head = [
    "component",
    "state",
    "pid",
    "version",
    "source",
    "ports",
    "uptime",
    "restarts",
    "ready",
    "memory",
  ];
  const cells = rows.map((row) => [
    row.component,
    row.state,
    `${row.pid ?? "-"}`,
    row.version ?? "-",
    row.source ?? "-",
    row.ports.join(" ") || "-",
    row.uptimeSeconds === null ? "-" : duration(row.uptimeSeconds),
    `${row.restarts}`,
    row.state === "skipped" ? "-" : row.ready ? "yes" : "no",
    row.memoryBytes === null ? "-" : megabytes(row.memoryBytes),
  ]);
  const reasons = rows
    .filter((row) => row.reason && !row.ready)
    .map((row) => `\n${row.component}: ${row.reason}`);
  const total = memory ? [`\n${totalOf(memory)}`] : [];
  return [plainTable(cells, head), ...total, ...reasons].join("\n");
}

function totalOf({ measure, processes, totalBytes, goalBytes }: StackMemory): string {
  const total = `${megabytes(totalBytes)} (${measure}) in ${processes} processes`;
  return `Total memory: ${total}, including npm and the launcher; goal at rest: ${megabytes(goalBytes)}.`;
}

const megabytes = (bytes: number) => `${Math.round(bytes / MEGABYTE)} MB`;
