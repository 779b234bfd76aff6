import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LoadResult, LoadStep } from "@lgtm-lab/load/result";
import { z } from "zod";
import type { LoadRun } from "../../shared/api.ts";

/** The newest results that are listed. */
const MOST = 50;
const MAX_BYTES = 1024 * 1024;

/** A file of a result, in its folder. */
export const REPORT = "report.html";
const RESULT = "result.json";

/** Lists the results of `lab load` in a folder, newest first. The list is empty if the folder does not exist. */
export async function listRuns(folder: string): Promise<LoadRun[]> {
  const times = (await namesIn(folder)).sort().reverse().slice(0, MOST);
  return Promise.all(times.map((time) => readRun(folder, time)));
}

/** Returns the path of a report. Compares the time with the names in the folder: request text never becomes a path. */
export async function reportOf(folder: string, requested: string): Promise<string | undefined> {
  const time = (await namesIn(folder)).find((name) => name === requested);
  const file = time && join(folder, time, REPORT);
  return file && existsSync(file) ? file : undefined;
}

/** The names of the results are times (ISO 8601), so their order is that of time. */
async function namesIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function readRun(folder: string, time: string): Promise<LoadRun> {
  const report = existsSync(join(folder, time, REPORT));
  try {
    const text = await readFile(join(folder, time, RESULT), "utf8");
    if (text.length > MAX_BYTES) return { time, report, problem: `${RESULT} is larger than 1 MiB` };
    const parsed = loadResult.safeParse(JSON.parse(text));
    return parsed.success
      ? { time, report, result: parsed.data }
      : { time, report, problem: `${RESULT} has another format. Run the load test again.` };
  } catch (error) {
    return { time, report, problem: `${RESULT} cannot be read: ${(error as Error).message}` };
  }
}

/** JSON has no NaN or Infinity; both are stored as null. */
const numbers = z.number().or(z.null().transform(() => Number.NaN));

const loadStep: z.ZodType<LoadStep> = z.object({
  transport: z.enum(["grpc", "rest"]),
  users: z.int().min(1),
  seconds: z.number(),
  complete: z.boolean(),
  requests: z.number(),
  succeeded: z.number(),
  shed: z.number(),
  failed: z.number(),
  latencyMs: z.exactOptional(
    z.object({ mean: z.number(), p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() }),
  ),
  cpuUs: z.record(z.string(), numbers),
  bytes: z.object({ received: z.number(), sent: z.number() }),
  dropped: z.object({ spans: z.number(), lines: z.number() }),
  failedThresholds: z.array(z.string()),
});

/** The format of result.json. */
const loadResult: z.ZodType<LoadResult> = z.object({
  version: z.literal(1),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  profile: z.enum(["full", "quick", "custom"]),
  stoppedEarly: z.boolean(),
  machine: z.object({
    cpus: z.number(),
    cpuModel: z.string(),
    memoryBytes: z.number(),
    os: z.string(),
    node: z.string(),
    k6: z.string(),
    lab: z.string(),
  }),
  steps: z.array(loadStep),
  recoveredAfterS: z.exactOptional(z.number()),
});
