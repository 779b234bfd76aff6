import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunningStack } from "@lgtm-lab/stack";
import writeFileAtomic from "write-file-atomic";

/** An entry of Prometheus's target lists. */
export interface Group {
  targets: string[];
  labels: Record<string, string>;
}

/** Replaces a target list of the stack while `run` runs. */
export async function withTargets(
  stack: RunningStack,
  file: string,
  change: (groups: Group[]) => Group[] | string,
  run: () => Promise<void>,
): Promise<void> {
  const path = join(stack.stateFolder, "prometheus/targets", file);
  const original = await readFile(path, "utf8");
  const changed = change(JSON.parse(original));
  await writeFileAtomic(path, typeof changed === "string" ? changed : JSON.stringify(changed));
  try {
    await run();
  } finally {
    await writeFileAtomic(path, original);
  }
}
