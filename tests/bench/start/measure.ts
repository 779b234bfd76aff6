import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMPONENTS, HOST, processTree, startStack } from "@lgtm-lab/stack";
import { eventually } from "../../e2e/support/within.ts";
import { BATCH, createSender, SPANS_OF_TRACE } from "../capacity/sender.ts";
import { cpuSecondsOf, startLab } from "../lab.ts";
import { megabytesOf, statusAtRest, withNpmStart } from "../npm-start.ts";
import { type Bench, type BenchOptions, type Line, median, type Subject } from "../result.ts";

const ROUNDS = 5;
const MEGABYTE = 1e6;
const GOAL_MB = 700;
/** Enough for several blocks of Tempo. */
const ITEMS = 400 * BATCH;
/** Tempo completes a block after a minute, and compacts it later. */
const WRITTEN_MS = 180_000;
/** Loki's chunks are complete when their size has not changed for this time. */
const UNCHANGED_MS = 10_000;

const backends = COMPONENTS.filter(({ program }) => program.kind === "binary" && !program.optional);

/** The starts of one version. */
interface Starts {
  readonly subject: Subject;
  readonly seconds: number[];
  readonly cpuSeconds: number[];
  readonly components: ReadonlyMap<string, number>[];
}

/**
 * Measures a warm start (`npm start` until everything is ready, and each backend alone, alternating), the memory at rest
 * with the demo traffic, and the disk space of spans and lines. Linux only: memory and CPU time are read from /proc.
 */
export const start: Bench = {
  title: "start: a warm npm start, memory at rest, and disk space",
  async measure(options) {
    const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-start-"));
    try {
      return [
        ...(await warmStarts(options, folder)),
        ...(await memoryAtRest(options, folder)),
        ...(await diskSpace(options)),
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function warmStarts({ subjects, rounds = ROUNDS }: BenchOptions, folder: string): Promise<Line[]> {
  const all: Starts[] = subjects.map((subject) => ({ subject, seconds: [], cpuSeconds: [], components: [] }));
  const alone = new Map<string, number[]>(backends.map(({ name }) => [name, []]));
  for (const { subject } of all) await withNpmStart(join(folder, "first"), () => {}, subject.root); // fills caches
  console.log(`${rounds} rounds: npm start, then each of ${backends.length} backends alone`);
  for (let round = 0; round < rounds; round += 1) {
    for (const { subject, ...runs } of all)
      await withNpmStart(
        join(folder, "stack"),
        ({ seconds, components, launcher }) => {
          const family = processTree(launcher);
          runs.seconds.push(seconds);
          runs.cpuSeconds.push(family.reduce((sum, { pid }) => sum + cpuSecondsOf(pid, { ended: true }), 0));
          runs.components.push(components);
        },
        subject.root,
      );
    for (const { name } of backends) alone.get(name)?.push(await startAlone(name, folder));
  }
  const slowest = [...alone].sort((a, b) => median(b[1]) - median(a[1]))[0] ?? ["none", []];
  return all.map(({ subject, seconds, cpuSeconds, components }) => {
    const names = [...(components[0]?.keys() ?? [])];
    const of = (name: string) => median(components.map((each) => each.get(name) ?? Number.NaN)).toFixed(2);
    return {
      name: `npm start${subject.suffix}`,
      value: median(seconds),
      unit: "s",
      of: `the slowest backend alone (${slowest[0]}, ${median(slowest[1]).toFixed(2)} s)`,
      ratios: seconds.map((each, round) => each / (slowest[1][round] ?? Number.NaN)),
      details: {
        "CPU s": median(cpuSeconds).toFixed(1),
        "each component, s": names.map((name) => `${name} ${of(name)}`).join("\n"),
      },
    };
  });
}

/** Starts one backend without the others. Returns the seconds until it is ready. */
async function startAlone(name: string, folder: string): Promise<number> {
  let seconds = Number.NaN;
  const stack = await startStack({
    stateFolder: join(folder, name),
    ports: "free",
    components: backends.filter((component) => component.name === name),
    report: (event) => {
      if (event.type === "ready") seconds = event.seconds;
    },
  });
  await stack.down();
  return seconds;
}

async function memoryAtRest({ subjects }: BenchOptions, folder: string): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { root, suffix } of subjects) {
    console.log("memory, two minutes after npm start");
    const status = await statusAtRest(await mkdtemp(join(folder, "memory-")), root);
    const megabytes = status.memory.totalBytes / MEGABYTE;
    lines.push({
      name: `memory at rest${suffix}`,
      value: megabytes,
      unit: "MB",
      of: `the goal of ${GOAL_MB} MB`,
      ratios: [megabytes / GOAL_MB],
      details: {
        "each component, MB": megabytesOf(status)
          .map((each) => each.join(" "))
          .join("\n"),
      },
    });
  }
  return lines;
}

/** Sends spans and lines, and measures what they take on disk when Tempo and Loki have written them. */
async function diskSpace({ subjects }: BenchOptions): Promise<Line[]> {
  const lines: Line[] = [];
  for (const subject of subjects) {
    const lab = await startLab(subject);
    console.log(`disk space of ${ITEMS} spans and ${ITEMS} lines`);
    try {
      const loki = lab.address("LOKI_PORT");
      for (const [signal, what, written] of [
        ["traces", "spans", (stateFolder: string) => blocksOf(stateFolder, ITEMS / SPANS_OF_TRACE)],
        ["logs", "lines", (stateFolder: string) => chunksOf(stateFolder, loki)],
      ] as const) {
        const sender = createSender(`${HOST}:${lab.ports.OTELCOL_GRPC_PORT}`, signal, "bench");
        await sender.send(ITEMS);
        sender.close();
        const bytes = await written(lab.stateFolder);
        lines.push({
          name: `disk space of a million ${what}${subject.suffix}`,
          value: ((bytes / ITEMS) * 1e6) / MEGABYTE,
          unit: "MB",
          of: "their size as OTLP",
          ratios: [bytes / ((sender.requestBytes * ITEMS) / BATCH)],
        });
      }
    } finally {
      await lab.remove();
    }
  }
  return lines;
}

/** Returns the folder of a component, whose name ends with its version. */
async function dataFolder(stateFolder: string, component: string): Promise<string> {
  const name = (await readdir(stateFolder)).find((each) => each.startsWith(`${component}-`));
  if (!name) throw new Error(`${component} has no folder in ${stateFolder}`);
  return join(stateFolder, name);
}

/** Returns the size of Tempo's blocks when they contain all traces. */
async function blocksOf(stateFolder: string, traces: number): Promise<number> {
  const blocks = join(await dataFolder(stateFolder, "tempo"), "blocks/single-tenant");
  return await eventually(
    `Tempo has written ${traces} traces`,
    async () => {
      let written = 0;
      let bytes = 0;
      for (const block of await readdir(blocks).catch(() => [])) {
        // A block without meta.json is being written, or has been compacted.
        const meta = await readFile(join(blocks, block, "meta.json"), "utf8").catch(() => undefined);
        if (meta === undefined) continue;
        written += (JSON.parse(meta) as { totalObjects: number }).totalObjects;
        bytes += await sizeOf(join(blocks, block));
      }
      return written >= traces && bytes;
    },
    WRITTEN_MS,
  );
}

/** Makes Loki write its chunks, and returns their size when it no longer grows. */
async function chunksOf(stateFolder: string, loki: string): Promise<number> {
  const chunks = join(await dataFolder(stateFolder, "loki"), "chunks");
  await fetch(`${loki}/flush`, { method: "POST" });
  let size = 0;
  let sameSince = performance.now();
  return await eventually(
    "Loki has written its chunks",
    async () => {
      const now = await sizeOf(chunks).catch(() => 0);
      if (now !== size) sameSince = performance.now();
      size = now;
      return size > 0 && performance.now() - sameSince > UNCHANGED_MS && size;
    },
    WRITTEN_MS,
  );
}

/** Returns the size of all files below a folder, in bytes. */
async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map(
      async ({ parentPath, name }) => (await stat(join(parentPath, name)).catch(() => ({ size: 0 }))).size,
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
