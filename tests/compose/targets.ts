import { chmod, cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/stack";

interface Group {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Returns a copy of the target lists without some services, which Prometheus would otherwise report as down. */
export async function withoutTargets(services: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-targets-"));
  await chmod(folder, 0o755); // Prometheus runs as another user
  await cp(join(REPOSITORY, "deploy/compose/targets"), folder, { recursive: true });
  const file = join(folder, "stack.json");
  const groups = JSON.parse(await readFile(file, "utf8")) as Group[];
  const left = groups.filter(({ labels }) => !services.includes(labels.service_name ?? ""));
  await writeFile(file, JSON.stringify(left));
  return folder;
}

/**
 * Adds a target to a list, as a user would with an editor; Prometheus reads the change. The returned function removes
 * it.
 */
export async function addTarget(folder: string, group: Group): Promise<() => Promise<void>> {
  const file = join(folder, "services.json");
  const before = await readFile(file, "utf8");
  await writeFile(file, JSON.stringify([...(JSON.parse(before) as Group[]), group]));
  return () => writeFile(file, before);
}
