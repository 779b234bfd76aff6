import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { timestamp } from "@lgtm-lab/contracts";
import type { StoredResult, StoredStep } from "@lgtm-lab/load/result";
import * as v from "valibot";
import type { LoadTestEntry } from "../../shared/api.ts";

/** The maximum number of load tests in the list. The newest are listed. */
const MAX_LISTED = 50;
const MAX_BYTES = 1024 * 1024;

/** The files in the folder of a load test. */
export const REPORT = "report.html";
const RESULT = "result.json";

/** Lists the load tests of `lab load` in a folder, newest first. The list is empty if the folder does not exist. */
export async function listLoadTests(folder: string): Promise<LoadTestEntry[]> {
  const times = (await namesIn(folder)).sort().reverse().slice(0, MAX_LISTED);
  return Promise.all(times.map((time) => readLoadTest(folder, time)));
}

/** Returns the path of a report. Compares the time with the names in the folder: request text never becomes a path. */
export async function reportOf(folder: string, requested: string): Promise<string | undefined> {
  const time = (await namesIn(folder)).find((name) => name === requested);
  const file = time && join(folder, time, REPORT);
  return file && existsSync(file) ? file : undefined;
}

/** The names are timestamps (ISO 8601), so alphabetical order is chronological. */
async function namesIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function readLoadTest(folder: string, time: string): Promise<LoadTestEntry> {
  const report = existsSync(join(folder, time, REPORT));
  try {
    const text = await readFile(join(folder, time, RESULT), "utf8");
    if (text.length > MAX_BYTES) return { time, report, problem: `${RESULT} is larger than 1 MiB` };
    const parsed = v.safeParse(loadResult, JSON.parse(text));
    return parsed.success
      ? { time, report, result: parsed.output }
      : { time, report, problem: `${RESULT} has an unsupported format. Run the load test again.` };
  } catch (error) {
    return { time, report, problem: `${RESULT} cannot be read: ${(error as Error).message}` };
  }
}

/** JSON has no NaN or Infinity; both are stored as null. */
const numberOrNaN = v.union([
  v.number(),
  v.pipe(
    v.null(),
    v.transform(() => Number.NaN),
  ),
]);

const loadStep: v.GenericSchema<unknown, StoredStep> = v.object({
  transport: v.picklist(["grpc", "rest"]),
  users: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  seconds: v.number(),
  complete: v.boolean(),
  requests: v.number(),
  succeeded: v.number(),
  shed: v.number(),
  failed: v.number(),
  latencyMs: v.exactOptional(
    v.object({ mean: v.number(), p50: v.number(), p95: v.number(), p99: v.number(), max: v.number() }),
  ),
  cpuUs: v.record(v.string(), numberOrNaN),
  bytes: v.object({ received: v.number(), sent: v.number() }),
  dropped: v.object({ spans: v.number(), lines: v.number() }),
  failedThresholds: v.array(v.string()),
});

/** The format of result.json. */
const loadResult: v.GenericSchema<unknown, StoredResult> = v.object({
  version: v.literal(1),
  startedAt: timestamp,
  endedAt: timestamp,
  profile: v.picklist(["full", "quick", "custom"]),
  stoppedEarly: v.boolean(),
  machine: v.object({
    cpus: v.number(),
    cpuModel: v.string(),
    memoryBytes: v.number(),
    os: v.string(),
    node: v.string(),
    k6: v.string(),
    lab: v.string(),
  }),
  hosts: v.exactOptional(v.string()),
  steps: v.array(loadStep),
  recoveredAfterS: v.exactOptional(v.number()),
});
