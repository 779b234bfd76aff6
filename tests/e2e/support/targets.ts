import { readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { lab } from "./lab.ts";

/** An entry of Prometheus's target lists. */
export interface Group {
  targets: string[];
  labels: Record<string, string>;
}

/** Replaces a target list of the shared stack while `run` runs. */
export async function withTargets(
  file: string,
  change: (groups: Group[]) => Group[] | string,
  run: () => Promise<void>,
): Promise<void> {
  const path = join((await lab()).stateFolder, "prometheus/targets", file);
  const original = await readFile(path, "utf8");
  const changed = change(JSON.parse(original));
  await writeFileAtomic(path, typeof changed === "string" ? changed : JSON.stringify(changed));
  try {
    await run();
  } finally {
    await writeFileAtomic(path, original);
  }
}
